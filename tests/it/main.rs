//! The tests that need no process of their own, as one program: the tensor library's code is generated anew for each.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![recursion_limit = "256"]

#[path = "../support/mod.rs"]
mod support;

mod absence;
mod altered;
mod amounts;
mod architecture;
mod bad_input;
mod bounds;
mod check;
mod classes;
mod cli;
mod crash;
mod curves;
mod data;
mod demo;
mod divergence;
mod doctor;
mod earlier;
mod end_to_end;
mod ends;
mod evaluate;
mod exporting;
mod faults;
mod folders;
mod formats;
mod fuzz;
#[cfg(feature = "wgpu")]
mod gpu;
#[cfg(feature = "wgpu")]
mod gpu_memory;
mod hub;
mod hub_cache;
mod hub_hostile;
mod identity;
mod init;
mod kept;
mod keyboard;
mod limits;
mod locks;
mod measured;
mod minilm;
mod others_text;
#[cfg(target_os = "linux")]
mod pausing;
mod planted;
mod reference;
mod stalls;
mod streams;
mod surroundings;
mod swallowed;
mod terminal;
mod traffic;
mod under_way;
mod worker;
