//! A page to GET by Connect, for h2spec.

use rsgrpc::{Request, Response, Status};

rsgrpc::include_proto!("suites.v1");

/// Answers with the same page always.
#[derive(Debug)]
pub struct OnePage;

impl Pages for OnePage {
    async fn page(&self, _: Request<PageRequest>) -> Result<Response<PageReply>, Status> {
        Ok(Response::new(PageReply { text: "a page".to_owned() }))
    }
}
