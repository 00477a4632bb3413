//! What happens to a call between its protocol and its handler, once for all protocols and kinds: the method is looked
//! up, the deadline bounds it, a panic stays inside it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::Sleep;
use tonic::{Code, Status};

use crate::{
    codec::{Room, largest},
    deadline,
    handler::{Answer, Call, Reply, Service},
    hash::Table,
    inherit::Inherited,
    interceptor::{Chain, Target},
    method::{Method, ServiceDescriptor},
    server::Limits,
};

/// The methods of all services of a server, by their path.
#[derive(Default)]
pub(crate) struct Registry {
    routes: Table<&'static str, Arc<Route>>,
}

/// A method, what runs for it and what bounds it.
pub(crate) struct Route {
    pub(crate) service: &'static ServiceDescriptor,
    pub(crate) method: &'static Method,
    pub(crate) limits: Limits,
    /// What each of its requests may take in memory.
    pub(crate) room: Room,
    target: Arc<Target>,
}

impl Registry {
    /// Adds all methods of a service; false if one of its paths is taken.
    pub(crate) fn add(
        &mut self,
        service: Arc<dyn Service>,
        chain: impl Fn(&'static Method) -> Chain,
        limits: impl Fn(&'static Method) -> Limits,
    ) -> bool {
        let largest = largest(service.descriptor());
        service.descriptor().methods.iter().enumerate().all(|(index, method)| {
            let target = Arc::new(Target { service: Arc::clone(&service), index, chain: chain(method) });
            let limits = limits(method);
            let largest = largest.get(method.full_name()).copied().unwrap_or_default();
            let room = Room::of(service.descriptor(), method, limits.max_decoded_message_bytes(), largest);
            let route = Route { service: service.descriptor(), method, limits, room, target };
            self.routes.insert(method.path, Arc::new(route)).is_none()
        })
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static Method> {
        self.routes.values().map(|route| route.method)
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.routes.get(path)
    }
}

impl Route {
    /// Starts the call.
    pub(crate) fn start(&self, call: Call) -> Running {
        let timer = call.deadline().map(|deadline| (deadline, None));
        Running { reply: Some(Target::run(&self.target, 0, call)), timer, aborted: None }
    }
}

/// A call that runs, within its deadline.
pub(crate) struct Running {
    /// `None` once it ended.
    reply: Option<Reply>,
    /// The deadline, and its timer from when the handler first had to wait.
    timer: Option<(Instant, Option<Pin<Box<Sleep>>>)>,
    aborted: Option<Status>,
}

impl Running {
    /// Ends the call with this status at the next poll, whatever its handler does.
    pub(crate) fn abort(&mut self, status: Status) {
        self.aborted.get_or_insert(status);
    }

    /// Ready once the call must end before its handler did.
    pub(crate) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.aborted.is_some() {
            return Poll::Ready(());
        }
        let Some((deadline, timer)) = &mut self.timer else {
            return Poll::Pending;
        };
        let timer = timer.get_or_insert_with(|| deadline::timer(*deadline));
        std::task::ready!(deadline::poll_timer(timer, cx));
        self.aborted = Some(deadline::exceeded());
        Poll::Ready(())
    }

    /// The outcome of the call, once. The handler is dropped before it is given.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let outcome = match self.aborted.take() {
            Some(status) => Outcome { result: Err(status), cut: true },
            None => match self.poll_reply(cx) {
                Poll::Ready(result) => Outcome { result: result.map_err(failed), cut: false },
                Poll::Pending if self.poll_expired(cx).is_ready() => return self.poll(cx),
                Poll::Pending => return Poll::Pending,
            },
        };
        self.reply = None;
        Poll::Ready(outcome)
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Status>> {
        let Some(reply) = &mut self.reply else {
            return Poll::Ready(Err(Status::internal("the call has already ended")));
        };
        let deadline = self.timer.as_ref().map(|(deadline, _)| *deadline);
        let _entered = Inherited { deadline, metadata: None }.enter();
        // A panic is the handler's own failure: its caller learns INTERNAL, its connection and its neighbours live on.
        catch_unwind(AssertUnwindSafe(|| reply.as_mut().poll(cx))).unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            Poll::Ready(Err(Status::internal("the handler panicked")))
        })
    }
}

/// The status of a call that failed. By the code OK the caller would take it for one that ended well, and miss its answer.
fn failed(status: Status) -> Status {
    match status.code() {
        Code::Ok => Status::internal(format!("the handler failed with the code OK: {}", status.message())),
        _ => status,
    }
}

/// How a call ended.
pub(crate) struct Outcome {
    pub(crate) result: Result<Answer, Status>,
    /// It was ended from outside; what it had buffered is not worth sending.
    pub(crate) cut: bool,
}

/// The earlier of what the caller allows and what the server does.
pub(crate) fn deadline_of(caller: Option<Duration>, server: Option<Duration>) -> Option<Instant> {
    caller.into_iter().chain(server).min().map(deadline::after)
}
