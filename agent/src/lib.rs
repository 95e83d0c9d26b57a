//! The provider's machine: keeps a link and a tunnel to the coordinator and runs in the local container engine what
//! the assignment says. Deliberately absent: any decision about which deployment runs where.

pub mod address;
pub mod cause;
pub mod checkpoint;
pub mod commands;
pub mod config;
pub mod credentials;
pub mod daemon;
pub mod desk;
pub mod disk;
pub mod doctor;
pub mod driver;
pub mod enrol;
pub mod identity;
pub mod io;
pub mod link_event;
pub mod logic;
pub mod order;
pub mod program_log;
pub mod tunnel_desk;
pub mod view;
pub mod wallet_desk;
