;; A04: asks for a table of ten million elements.
(core module $main
  (import "libc" "memory" (memory 1))
  (table 1 funcref)
  (func (export "describe") (result i32) (i32.const 1024))
  (func (export "post-describe") (param i32))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (drop (table.grow (ref.null func) (i32.const 10000000))) (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
