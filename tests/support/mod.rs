//! What several tests build on.

pub(crate) mod alone;
#[cfg(target_os = "linux")]
pub(crate) mod at_terminal;
pub(crate) mod hostile;
pub(crate) mod hostile_answer;
pub(crate) mod hostile_exports;
pub(crate) mod hostile_hub;
pub(crate) mod hub_server;
pub(crate) mod lab;
pub(crate) mod minilm;
pub(crate) mod mutation;
pub(crate) mod own_data;
pub(crate) mod parquet_file;
pub(crate) mod peft_case;
#[allow(dead_code, reason = "the soak needs more of it")]
pub(crate) mod stub_study;
#[allow(dead_code, reason = "the benchmark needs more of it")]
pub(crate) mod surrogate;
pub(crate) mod tiny;
pub(crate) mod trainings;
