;; A24: describes itself with a name that is not UTF-8.
(core module $main
  (import "libc" "memory" (memory 1))
  (func (export "describe") (result i32) 
    (i32.store8 (i32.const 8) (i32.const 0xff))
    (i32.store (i32.const 1024) (i32.const 8))
    (i32.store (i32.const 1028) (i32.const 1))
    (i32.const 1024))
  (func (export "post-describe") (param i32))
  (func (export "plan") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "continue-plan") (param i32) (result i32) (i32.const 1024))
  (func (export "run-step") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
