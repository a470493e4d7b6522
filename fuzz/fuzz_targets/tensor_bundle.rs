//! Any bytes give an answer or an error, in memory of a multiple of theirs.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| everstep_fuzz::run(&everstep_fuzz::readers::TENSOR_BUNDLE, input));
