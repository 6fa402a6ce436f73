//! Tests of the real binary: everything here starts `farm`, or tools through it.

mod sandbox;
