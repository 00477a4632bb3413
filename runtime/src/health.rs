//! The health of services, as `grpc.health.v1` reports it (gRPC's doc/health-checking.md).

use std::{collections::BTreeMap, sync::Arc};

use futures_core::Stream;
use futures_util::stream;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

pub use crate::grpc::health::v1::health_check_response::ServingStatus;
use crate::grpc::health::v1::{
    self, HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse, HealthServer,
};

/// The states of services; cheap to clone, and clones share them.
///
/// Give one clone to [`ServerBuilder::health`](crate::ServerBuilder::health) and keep the other to report changes. The
/// server as a whole is the service with the empty name; it begins as SERVING.
///
/// ```
/// use rsgrpc::{Health, Server, ServingStatus};
///
/// # fn f(greeter: impl rsgrpc::Service) -> Result<(), Box<dyn std::error::Error>> {
/// let health = Health::default();
/// let server = Server::builder().add_service(greeter).health(health.clone()).build()?;
/// health.set("hello.v1.Greeter", ServingStatus::NotServing);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Health {
    states: Arc<watch::Sender<States>>,
}

#[derive(Debug)]
struct States {
    services: BTreeMap<String, ServingStatus>,
    /// From then on nothing is serving, whatever is reported.
    shut_down: bool,
}

impl Default for Health {
    fn default() -> Self {
        let services = BTreeMap::from([(String::new(), ServingStatus::Serving)]);
        Self { states: Arc::new(watch::Sender::new(States { services, shut_down: false })) }
    }
}

impl Health {
    /// Reports the state of a service by its full name, such as `example.v1.UserService`, or of the server as a whole
    /// by the empty name. Whoever watches it learns it at once.
    pub fn set(&self, service: impl Into<String>, status: ServingStatus) {
        self.states.send_modify(|states| {
            states.services.insert(service.into(), status);
        });
    }

    /// Reports everything as NOT_SERVING, and whatever is reported later as well. A server does so itself when its
    /// shutdown begins.
    pub fn shut_down(&self) {
        self.states.send_modify(|states| states.shut_down = true);
    }

    /// The state of a service; `None` for a name that was never reported.
    pub fn status(&self, service: &str) -> Option<ServingStatus> {
        self.states.borrow().status(service)
    }

    /// Reports a service as SERVING that was not reported yet.
    pub(crate) fn introduce(&self, service: &str) {
        self.states.send_modify(|states| {
            states.services.entry(service.to_owned()).or_insert(ServingStatus::Serving);
        });
    }

    /// The service that answers.
    pub(crate) fn server(self) -> impl crate::Service {
        HealthServer::new(self)
    }
}

impl States {
    fn status(&self, service: &str) -> Option<ServingStatus> {
        let status = *self.services.get(service)?;
        Some(if self.shut_down { ServingStatus::NotServing } else { status })
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

impl v1::Health for Health {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match self.status(&service) {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found(format!("no service {service:?} reports its health"))),
        }
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        let states = self.states.borrow();
        let known = states.services.keys().filter_map(|name| Some((name.clone(), response(states.status(name)?))));
        Ok(Response::new(HealthListResponse { statuses: known.collect() }))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HealthCheckResponse, Status>>>, Status> {
        let service = request.into_inner().service;
        let state = (self.states.subscribe(), service, None);
        Ok(Response::new(stream::unfold(state, |(mut states, service, last)| async move {
            // A service nobody reports may come into being later.
            let now = |states: &States| states.status(&service).unwrap_or(ServingStatus::ServiceUnknown);
            let status = now(&*states.wait_for(|states| last != Some(now(states))).await.ok()?);
            Some((Ok(response(status)), (states, service, Some(status))))
        })))
    }
}
