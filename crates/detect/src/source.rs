//! Reading facts out of source code, without running it: configuration files of JavaScript tools, imports, and
//! the names Python modules give their applications. Comments never count.

pub(crate) mod js;
pub(crate) mod python;
