import { useEffect, useState } from "react";

export type Resource<Data> =
  | { state: "loading" }
  | { state: "ready"; data: Data }
  | { state: "failed"; message: string };

/** Loads data when the component appears and whenever `key` changes; an answer that came too late is dropped. */
export function useResource<Data>(key: string, load: (signal: AbortSignal) => Promise<Data>): Resource<Data> {
  const [resource, setResource] = useState<Resource<Data>>({ state: "loading" });
  useEffect(() => {
    const request = new AbortController();
    load(request.signal).then(
      (data) => setResource({ state: "ready", data }),
      (error: unknown) => {
        if (!request.signal.aborted) setResource({ state: "failed", message: messageOf(error) });
      },
    );
    return () => request.abort();
    // `load` is a new function at every rendering; `key` says when it means something else.
  }, [key]);
  return resource;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
