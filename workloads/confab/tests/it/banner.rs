//! The first screen.

use crate::http::get;
use crate::program::{Scratch, Up};

#[tokio::test]
async fn all_that_the_banner_names_is_there() {
    let scratch = Scratch::new();
    let tenant = scratch.tenant("demo", "localhost", "");
    let up = Up::start(&scratch, "up", &["-f".as_ref(), tenant.as_os_str()]).await;
    let said = up.running.said();
    let banner = said.split_once("Confab is ready.\n").unwrap().1;
    let labels: Vec<&str> = banner.lines().take(6).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(labels, ["tenant", "API", "docs", "socket", "health", "data"], "{banner}");
    assert!(banner.contains("  data    ./confab-data\n") && scratch.path().join("confab-data/confab.db").is_file());
    for path in ["/docs", "/v1/openapi.json"] {
        assert_eq!(get(&format!("{}{path}", up.base), "").await.status, 200, "{path}");
    }
    for path in ["/readyz", "/metrics", "/healthz"] {
        assert_eq!(get(&format!("{}{path}", up.ops), "").await.status, 200, "{path}");
    }
    let tour = banner.lines().find(|line| line.contains(" tour --url ")).unwrap().trim();
    let (program, rest) = tour.split_once(' ').unwrap();
    assert!(std::path::Path::new(program).is_file(), "{program} cannot be typed");
    assert_eq!(rest, format!("tour --url {}", up.base));
}
