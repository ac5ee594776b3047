//! The container as a whole: sound files, unsound files, and files written by us.

mod builder;
mod malformed;
mod values;
