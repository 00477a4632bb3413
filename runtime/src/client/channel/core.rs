//! The channel's transport: sends each call on the connection that the policy chooses.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize},
    },
    task::Poll,
};

use http::{Request, uri::Authority};
use tokio::sync::{mpsc, watch};
use tonic::Status;

use super::{
    Backend, ChannelFigures, ConnectivityState,
    asked::Asked,
    backend::{Common, Room},
    balance::{Pick, PickCall, Picker, Settled},
    http2::Lease,
    manager::{Manager, Order, Plan},
};
use crate::{
    call::Body,
    client::{
        Sending, Transport,
        reach::{Patience, Unprocessed, a_server, closed, of_control_plane},
    },
    http2::Waiting,
    method::Method,
    task::discard,
};

/// What the clones of a channel share. A [`Manager`] runs while the channel is not idle.
pub(super) struct Core {
    common: Arc<Common>,
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    /// Where the manager takes orders; closed when there is none.
    orders: Mutex<mpsc::UnboundedSender<Order>>,
}

/// What the manager tells those who call.
pub(super) struct Shared {
    pub(super) published: watch::Sender<Published>,
    /// Calls that wait for a backend that takes them.
    pub(super) queued: AtomicUsize,
    pub(super) asked: Asked,
    /// Whether the last manager ended by a panic; the next begins after a pause.
    pub(super) panicked: AtomicBool,
}

/// Who chooses at the moment.
pub(super) struct Published {
    pub(super) state: ConnectivityState,
    pub(super) picker: Arc<dyn Picker>,
    pub(super) backends: Arc<[Backend]>,
}

impl Published {
    /// Without backends: calls wait, or fail with this status.
    pub(super) fn settled(state: ConnectivityState, status: Option<Status>) -> Self {
        Self { state, picker: Arc::new(Settled(status)), backends: Arc::default() }
    }
}

/// What is chosen for a call.
enum Chosen {
    Leased(Lease),
    /// All streams of the backend are in use.
    Full(Backend),
    Wait,
    Fail(Status),
}

impl Core {
    pub(super) fn new(common: Arc<Common>, plan: Plan, asked: Asked) -> Self {
        let published = watch::Sender::new(Published::settled(ConnectivityState::Idle, None));
        let (queued, panicked) = (AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { published, queued, asked, panicked });
        // Its other end is gone: nobody manages yet.
        let orders = Mutex::new(mpsc::unbounded_channel().0);
        Self { common, shared, plan: Arc::new(plan), orders }
    }

    pub(super) fn state(&self) -> ConnectivityState {
        self.shared.published.borrow().state
    }

    /// The next state that is not this one.
    pub(super) async fn state_other_than(&self, state: ConnectivityState) -> ConnectivityState {
        let mut published = self.shared.published.subscribe();
        let changed = published.wait_for(|now| now.state != state).await;
        // The sender is part of what is borrowed here.
        changed.map_or(ConnectivityState::Shutdown, |now| now.state)
    }

    pub(super) fn connect(&self) {
        self.wake();
        self.order(Order::Connect);
    }

    pub(super) fn order(&self, order: Order) {
        // Without a manager there is nothing to be done.
        let _ = self.orders.lock().unwrap_or_else(PoisonError::into_inner).send(order);
    }

    pub(super) fn close(&self) {
        discard(self.shared.published.send_replace(Published::settled(ConnectivityState::Shutdown, Some(closed()))));
        self.order(Order::End);
    }

    pub(super) fn figures(&self) -> ChannelFigures {
        let (state, backends) = {
            let published = self.shared.published.borrow();
            (published.state, Arc::clone(&published.backends))
        };
        let backends: Vec<_> = backends.iter().map(Backend::figures).collect();
        let sum = |of: fn(&super::BackendFigures) -> usize| backends.iter().map(of).sum::<usize>();
        ChannelFigures {
            state,
            connections: sum(|backend| backend.connections),
            streams: sum(|backend| backend.streams),
            queued: self.shared.queued.load(std::sync::atomic::Ordering::Relaxed) + sum(|backend| backend.queued),
            backends,
        }
    }

    /// Makes sure that somebody manages.
    fn wake(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.is_closed() && self.state() != ConnectivityState::Shutdown {
            let (sender, receiver) = mpsc::unbounded_channel();
            *orders = sender;
            let (common, shared, plan) = (Arc::clone(&self.common), Arc::clone(&self.shared), Arc::clone(&self.plan));
            tokio::spawn(Manager::new(common, shared, plan, receiver).run());
        }
    }

    fn choose(&self, call: &PickCall<'_>, published: &Published) -> Chosen {
        match published.picker.pick(call) {
            Pick::Wait => Chosen::Wait,
            Pick::Fail(status) => Chosen::Fail(of_control_plane(status)),
            Pick::To(backend) => match backend.room() {
                Room::Leased(lease) => Chosen::Leased(lease),
                Room::Full => Chosen::Full(backend.clone()),
                // The next picker knows.
                Room::Gone => Chosen::Wait,
            },
        }
    }

    /// What a call waits for that has no backend, with the last error, in words.
    fn wanted(&self, last: Option<&Status>) -> String {
        let backends = Arc::clone(&self.shared.published.borrow().backends);
        let cause = || backends.iter().find_map(Backend::cause);
        match (last.cloned().or_else(cause), &backends[..]) {
            (Some(status), _) => a_server(&status),
            (None, []) => "the resolver".to_owned(),
            (None, [one]) => format!("a connection to {}", one.endpoint()),
            (None, [one, others @ ..]) => format!("a connection to {} or {} more", one.endpoint(), others.len()),
        }
    }

    /// A stream for a call that found none at once.
    async fn queue(&self, call: PickCall<'_>, patience: Patience) -> Result<Lease, Status> {
        let wait_for_ready = patience.for_ready.unwrap_or(self.plan.wait_for_ready);
        let mut published = self.shared.published.subscribe();
        loop {
            let mut last = None;
            let chosen = self.choose(&call, &published.borrow_and_update());
            match chosen {
                Chosen::Leased(lease) => return Ok(lease),
                // Which counts those that wait for it.
                Chosen::Full(backend) => {
                    let what = || format!("a stream to {}", backend.endpoint());
                    // The next picker may choose another.
                    let room = async {
                        tokio::select! {
                            biased;
                            room = backend.wait_for_room() => room,
                            _ = published.changed() => None,
                        }
                    };
                    match patience.wait(room, what).await? {
                        Some(lease) => return Ok(lease),
                        None => continue,
                    }
                }
                Chosen::Fail(_) if self.state() == ConnectivityState::Shutdown => return Err(closed()),
                Chosen::Fail(status) if !wait_for_ready => return Err(Unprocessed::Unsent.mark(status)),
                Chosen::Fail(status) => last = Some(status),
                Chosen::Wait => {}
            }
            self.wake();
            let _queued = Waiting::new(&self.shared.queued);
            if patience.wait(published.changed(), || self.wanted(last.as_ref())).await?.is_err() {
                return Err(closed());
            }
        }
    }
}

impl Transport for Core {
    fn send<'a>(&'a self, request: Request<Body>, method: &'static Method, patience: Patience) -> Sending<'a> {
        Box::pin(async move {
            let request = self.common.connector.absolute(request);
            let call = PickCall { headers: request.headers(), method };
            let chosen = self.choose(&call, &self.shared.published.borrow());
            let lease = match chosen {
                Chosen::Leased(lease) => lease,
                // Apart, to keep the future of calls small that do not wait.
                _ => Box::pin(self.queue(call, patience)).await?,
            };
            lease.send(request).await
        })
    }

    fn authority(&self) -> Option<&Authority> {
        Some(&self.common.connector.authority)
    }

    fn plan(&self) -> Poll<Option<Arc<crate::client::Plan>>> {
        self.shared.asked.plan()
    }

    fn learn<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let _queued = Waiting::new(&self.shared.queued);
            let mut published = self.shared.published.subscribe();
            // A resolver that has told, or failed, publishes something.
            while published.borrow_and_update().state != ConnectivityState::Shutdown && self.plan().is_pending() {
                self.wake();
                if published.changed().await.is_err() {
                    return;
                }
            }
        })
    }

    fn closed<'a>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let mut published = self.shared.published.subscribe();
            let _ = published.wait_for(|now| now.state == ConnectivityState::Shutdown).await;
        })
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures().fmt(f)
    }
}
