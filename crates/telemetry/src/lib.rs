//! What every binary of Aether does the same way: reading settings, logging, metrics, ending.
//!
//! A `main` reads its settings with a [`SettingsReader`] before it binds a port (with [`init_logging`] first, so
//! that warnings about settings are seen), installs [`Metrics`], and hands [`Shutdown::token`] to everything that runs.

mod logging;
mod metrics;
mod settings;
mod shutdown;

pub use logging::{LoggingError, init_logging};
pub use metrics::{Metrics, MetricsError};
pub use settings::{SettingFault, SettingsError, SettingsReader};
pub use shutdown::{SHUTDOWN_DEADLINE, Shutdown};
