;; A02: never ends after it has answered.
(core module $main
  (import "libc" "memory" (memory 1))
  (func (export "describe") (result i32) (i32.const 1024))
  (func (export "post-describe") (param i32) (loop $ever (br $ever)))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
