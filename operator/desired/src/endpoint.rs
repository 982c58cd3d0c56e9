//! Addresses of servers, as they stand in Secrets. Only host and port are kept; neither user nor password leaves this module.

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// DNS name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// What is wrong with an address. It names no part of the address: that holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointProblem {
    /// Empty, or not UTF-8.
    #[error("is empty or no text")]
    NoText,
    /// Another scheme.
    #[error("must begin with {0}")]
    Scheme(&'static str),
    /// No host.
    #[error("names no host")]
    NoHost,
    /// The port is none.
    #[error("has a port that is not 1 to 65535")]
    Port,
    /// Postgres: no database.
    #[error("names no database; write postgres://user:password@host/database")]
    NoDatabase,
}

/// Reads `postgres://user:password@host:port/database`.
pub fn postgres(url: &str) -> Result<Endpoint, EndpointProblem> {
    let rest = after_scheme(url, &["postgres://", "postgresql://"], "postgres://")?;
    let (endpoint, path) = split(rest, 5432)?;
    if path.trim_start_matches('/').split('?').next().unwrap_or_default().is_empty() {
        return Err(EndpointProblem::NoDatabase);
    }
    Ok(endpoint)
}

/// Reads `redis://:password@host:port/0` or `rediss://…`.
pub fn redis(url: &str) -> Result<Endpoint, EndpointProblem> {
    let rest = after_scheme(url, &["redis://", "rediss://"], "redis:// or rediss://")?;
    split(rest, 6379).map(|(endpoint, _)| endpoint)
}

fn after_scheme<'a>(url: &'a str, schemes: &[&str], named: &'static str) -> Result<&'a str, EndpointProblem> {
    let url = url.trim();
    if url.is_empty() {
        return Err(EndpointProblem::NoText);
    }
    schemes.iter().find_map(|scheme| url.strip_prefix(scheme)).ok_or(EndpointProblem::Scheme(named))
}

fn split(rest: &str, default_port: u16) -> Result<(Endpoint, &str), EndpointProblem> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A password may hold an `@` that nobody escaped.
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let (host, port) = match address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match address.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    if host.is_empty() {
        return Err(EndpointProblem::NoHost);
    }
    let port = match port {
        None | Some("") => default_port,
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(EndpointProblem::Port)?,
    };
    Ok((Endpoint { host: host.to_owned(), port }, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.to_owned(), port }
    }

    #[test]
    fn host_and_port_are_found_in_each_spelling() {
        assert_eq!(postgres("postgres://u:p@db.example.com/chat"), Ok(at("db.example.com", 5432)));
        assert_eq!(postgres("postgresql://u:p@w:rd@db:6000/chat?sslmode=require\n"), Ok(at("db", 6000)));
        assert_eq!(postgres("postgres://[fd00::1]:5433/chat"), Ok(at("fd00::1", 5433)));
        assert_eq!(redis("redis://:p@cache:6380/0"), Ok(at("cache", 6380)));
        assert_eq!(redis("rediss://cache"), Ok(at("cache", 6379)));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        let refused = [
            postgres(""),
            postgres("mysql://u:canary@db/x"),
            postgres("postgres://u:canary@/x"),
            postgres("postgres://u:canary@db:99999/x"),
            postgres("postgres://u:canary@db"),
            postgres("postgres://u:canary@db/?x=1"),
            redis("postgres://u:canary@db/x"),
            redis("redis://:canary@cache:0"),
        ];
        for refused in refused {
            let problem = refused.expect_err("refused").to_string();
            assert!(!problem.contains("canary"), "{problem}");
        }
    }
}
