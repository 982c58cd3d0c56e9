//! Log lines on standard error, as JSON for machines or as text for people.

use std::io::IsTerminal as _;

use confab_contract::config::section::{LogConfig, LogFormat};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// Why logging cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("not a log filter such as `info` or `info,confab_store=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// There is no filter where one should be.
    #[error("a log filter must not be empty; `off` silences everything")]
    NoFilter,
    /// The log has ended.
    #[error("failed to change the filter of the log")]
    Reload(#[from] reload::Error),
    /// Something in this process logs already.
    #[error("failed to install the log: another one is installed already")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// Changes what is logged while the process runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogControl(reload::Handle<EnvFilter, Registry>);

impl LogControl {
    /// The filter of this moment.
    pub fn filter(&self) -> String {
        // It is gone only when the log is, and then nobody is served any more.
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Another filter from now on, until the process ends.
    pub fn set_filter(&self, filter: &str) -> Result<(), TelemetryError> {
        let filter = read(filter)?;
        let text = filter.to_string();
        self.0.reload(filter)?;
        tracing::info!(filter = text, "the log has another filter");
        Ok(())
    }
}

/// Begins to log. Call it once, early in `main`.
pub fn init(config: &LogConfig) -> Result<LogControl, TelemetryError> {
    let (filter, handle) = reload::Layer::new(read(&config.filter)?);
    let registry = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(std::io::stderr);
            registry.with(lines).try_init()?;
        }
        LogFormat::Text => {
            // Colours are for a terminal; in a file they are noise.
            let colours = std::io::stderr().is_terminal();
            let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
            registry.with(lines).try_init()?;
        }
    }
    Ok(LogControl(handle))
}

/// An empty filter would silence the process, which nobody means.
fn read(filter: &str) -> Result<EnvFilter, TelemetryError> {
    let filter = filter.trim();
    if filter.is_empty() {
        return Err(TelemetryError::NoFilter);
    }
    Ok(EnvFilter::try_new(filter)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_is_refused_with_the_reason_and_the_present_one_stays() {
        let (_layer, handle) = reload::Layer::new(read("info,confab_store=debug").unwrap());
        let control = LogControl(handle);
        for bad in ["", " ", "info,=,", "confab_store=loud"] {
            assert!(control.set_filter(bad).is_err(), "{bad:?}");
        }
        assert!(control.filter().contains("confab_store=debug"));
        control.set_filter(" warn\n").unwrap();
        assert_eq!(control.filter(), "warn");
    }
}
