;; A07: describes itself with a list of two thousand million permissions.
(core module $main
  (import "libc" "memory" (memory 1))
  (func (export "describe") (result i32) 
    (i32.store (i32.const 1056) (i32.const 0))
    (i32.store (i32.const 1060) (i32.const 0x7fffffff))
    (i32.const 1024))
  (func (export "post-describe") (param i32))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
