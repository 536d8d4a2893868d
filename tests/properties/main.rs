//! What must hold whatever comes: checked with random input, of which the smallest that fails is printed.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared by several tests")]
#[path = "../support/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared by several tests")]
#[path = "../support/node.rs"]
mod node;

mod folders;
mod glob;
mod oracle;
mod picomatch;
mod place;
mod settle;
mod url;
