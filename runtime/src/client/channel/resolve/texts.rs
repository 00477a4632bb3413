//! Service configs in DNS (gRFC A2).

use std::sync::{Arc, Mutex, PoisonError};

use super::lookup::Lookup;
use crate::client::{ServiceConfig, ServiceConfigError, channel::random::Random};

/// The records of text at `_grpc_config.<host>`.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    name: Arc<str>,
    /// Drawn once, so that a client stays on its side of a canary.
    percentile: u32,
    /// What was found last.
    known: Arc<Mutex<Found>>,
}

type Found = Option<Result<ServiceConfig, ServiceConfigError>>;

impl Texts {
    pub(super) fn new(host: &str) -> Self {
        let percentile = Random::default().below(100) as u32;
        Self { name: format!("_grpc_config.{host}").into(), percentile, known: Arc::default() }
    }

    /// The config that is for this client.
    pub(super) async fn service_config(&self, lookup: &Lookup) -> Found {
        self.read(lookup.texts(&self.name).await)
    }

    /// While DNS cannot be asked, it is that of the last time.
    fn read(&self, texts: Result<Vec<String>, String>) -> Found {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match texts {
            Ok(texts) => *known = self.choose(&texts),
            Err(error) => tracing::debug!(error, "the service config could not be looked up"),
        }
        known.clone()
    }

    fn choose(&self, texts: &[String]) -> Found {
        let host = gethostname::gethostname();
        let config = |text: &String| ServiceConfig::from_txt(text, self.percentile, &host.to_string_lossy());
        // Records about other things are none.
        texts.iter().find_map(|text| config(text).transpose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stays_while_nothing_can_be_found() {
        let texts = Texts::new("a.example");
        let found = |records: &[&str]| texts.read(Ok(records.iter().map(|&record| record.to_owned()).collect()));
        assert_eq!(found(&["v=spf1 -all"]), None);
        assert_eq!(
            found(&["v=spf1 -all", r#"grpc_config=[{"serviceConfig": {}}]"#]),
            Some(Ok(ServiceConfig::default()))
        );
        assert_eq!(texts.read(Err("no server".to_owned())), Some(Ok(ServiceConfig::default())));
        assert!(found(&["grpc_config={}"]).is_some_and(|found| found.is_err()));
        assert_eq!(found(&[]), None);
    }
}
