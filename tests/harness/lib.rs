//! A world of real programs for the system tests.
