//! allocheck: a conformance test suite for memory allocators.
//!
//! Data flows one way: [`discover`] → [`plan`] → [`compile`] → [`run`] → [`judge`] → [`report`], each step taking the
//! last one's plain data; [`session`] leads through it. [`model`] has the words.

pub mod catalog;
pub mod compile;
pub mod diff;
pub mod discover;
pub mod embedded;
pub mod explain;
pub mod judge;
pub mod look;
pub mod merge;
pub mod model;
pub mod os;
pub mod plan;
pub mod prepare;
pub mod progress;
pub mod python;
pub mod report;
pub mod run;
pub mod session;
pub mod snapshot;
pub mod sources;
pub mod target;
pub mod workshop;
