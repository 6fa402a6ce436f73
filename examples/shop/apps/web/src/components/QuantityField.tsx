interface Props {
  value: number;
  max: number;
  label: string;
  onChange: (quantity: number) => void;
}

/** A number of pieces between 1 and `max`. */
export function QuantityField({ value, max, label, onChange }: Props) {
  return (
    <span className="quantity">
      <button type="button" aria-label="One less" disabled={value <= 1} onClick={() => onChange(value - 1)}>
        −
      </button>
      <output aria-label={label}>{value}</output>
      <button type="button" aria-label="One more" disabled={value >= max} onClick={() => onChange(value + 1)}>
        +
      </button>
    </span>
  );
}
