//! Generates the code of the gRPC services, without `protoc`.

use std::error::Error;

const PROTO: &str = "proto/tenant_admin.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    #[cfg(feature = "grpc")]
    {
        let descriptors = protox::compile([PROTO], ["proto"])?;
        // No transport of its own: whoever calls brings a connection, and chooses how it is secured.
        tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    }
    Ok(())
}
