//! Fuzzes `mounts` of targets.rs: see there what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::mounts(input));
