;; A24: logs at a level that there is not.
(core module $main
  (import "libc" "memory" (memory 1))
  (import "host" "log" (func $log (param i32 i32 i32)))
  (func (export "describe") (result i32) (i32.const 1024))
  (func (export "post-describe") (param i32))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) 
    (call $log (i32.const 99) (i32.const 0) (i32.const 0))
    (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
