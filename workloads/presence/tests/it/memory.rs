//! What idle connections cost. Run it alone: `cargo test -p confab-presence --test it memory -- --ignored --nocapture`

use std::process::Command;

use confab_testbed::free_port;
use confab_testbed::process::Process;

use crate::world::World;

const SOCKETS: usize = 3000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn an_idle_connection_costs_a_few_kib() {
    let world = World::on_postgres().await;
    let (public, probes) = (free_port().unwrap(), free_port().unwrap());
    let mut process = crate::process::start(&world, public, probes);
    let people = {
        let mut people = Vec::new();
        for _ in 0..SOCKETS {
            people.push(world.person().await);
        }
        people
    };
    for pair in people.chunks(100) {
        world.group(&pair.iter().collect::<Vec<_>>()).await;
    }
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], public));
    let mut clients = vec![crate::process::connect(address, &people[0].token).await];
    let before = resident(&process);
    for person in &people[1..] {
        clients.push(crate::process::connect(address, &person.token).await);
    }
    for client in &mut clients {
        client.wait_for("auth_success").await;
    }
    for client in &mut clients {
        client.settle().await;
    }
    let idle = resident(&process);
    eprintln!("idle: {} bytes each", (idle - before) / (SOCKETS as u64 - 1));
    process.kill().await.unwrap();
}

/// Resident bytes of a process.
fn resident(process: &Process) -> u64 {
    let output = Command::new("ps").args(["-o", "rss=", "-p", &process.pid().to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap() * 1024
}
