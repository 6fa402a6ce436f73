;; A02: never ends in its start function, before anything is called.
(core module $main
  (import "libc" "memory" (memory 1))
  (func $start (loop $ever (br $ever)))
  (start $start)
  (func (export "describe") (result i32) (i32.const 1024))
  (func (export "post-describe") (param i32))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
