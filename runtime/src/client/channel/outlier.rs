//! Servers that fail more calls than the others are left out for a while (gRFC A50).

use std::time::Duration;

use tokio::time::Instant;

use super::{Backend, random::Random};
use crate::deadline::LONGEST;

/// When a server is left out because it fails too many of its calls. The names in brackets and the defaults are those of
/// `outlier_detection_experimental` in gRPC's service config, but it is the application that sets this: a config that
/// names no other policy cannot be used. A call fails when it ends with any status but OK. What a server does while it is
/// left out does not count.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlierDetection {
    /// How often outcomes are looked at (`interval`). Default: 10 seconds.
    pub interval: Duration,
    /// How long a server is left out the first time; twice as long the second time, and so on, and less again while it is
    /// good (`baseEjectionTime`). Default: 30 seconds.
    pub base_ejection_time: Duration,
    /// The longest time (`maxEjectionTime`). Default: 300 seconds.
    pub max_ejection_time: Duration,
    /// No further server is left out once this share of them is, in percent (`maxEjectionPercent`). Default: 10.
    pub max_ejection_percent: u32,
    /// Leaves out those whose rate of success is far below that of the others (`successRateEjection`). Default: yes.
    pub success_rate: Option<SuccessRate>,
    /// Leaves out those that fail a large part of their calls (`failurePercentageEjection`). Default: no.
    pub failure_percentage: Option<FailurePercentage>,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            base_ejection_time: Duration::from_secs(30),
            max_ejection_time: Duration::from_secs(300),
            max_ejection_percent: 10,
            success_rate: Some(SuccessRate::default()),
            failure_percentage: None,
        }
    }
}

/// A rate of success far below the mean of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuccessRate {
    /// How many thousandths of the standard deviation below the mean is too far (`stdevFactor`). Default: 1900.
    pub stdev_factor: u32,
    /// In how many of a hundred cases it has consequences (`enforcementPercentage`). Default: 100.
    pub enforcement_percentage: u32,
    /// How many servers must have enough calls (`minimumHosts`). Default: 5.
    pub minimum_hosts: usize,
    /// How many calls in an interval are enough (`requestVolume`). Default: 100.
    pub request_volume: u64,
}

impl Default for SuccessRate {
    fn default() -> Self {
        Self { stdev_factor: 1900, enforcement_percentage: 100, minimum_hosts: 5, request_volume: 100 }
    }
}

/// A share of failures that is too large whatever the others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailurePercentage {
    /// More failures of a hundred calls than this are too many (`threshold`). Default: 85.
    pub threshold: u32,
    /// In how many of a hundred cases it has consequences (`enforcementPercentage`). Default: 100.
    pub enforcement_percentage: u32,
    /// How many servers must have enough calls (`minimumHosts`). Default: 5.
    pub minimum_hosts: usize,
    /// How many calls in an interval are enough (`requestVolume`). Default: 50.
    pub request_volume: u64,
}

impl Default for FailurePercentage {
    fn default() -> Self {
        Self { threshold: 85, enforcement_percentage: 100, minimum_hosts: 5, request_volume: 50 }
    }
}

/// What was noted of a server.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Record {
    ejected: Option<Instant>,
    /// How many times in a row it was left out, less those it has made good for.
    multiplier: u32,
}

/// The outcomes of a server's calls in one interval.
#[derive(Debug, Clone, Copy)]
struct Outcomes {
    succeeded: u64,
    failed: u64,
}

impl Outcomes {
    fn volume(&self) -> u64 {
        self.succeeded + self.failed
    }

    fn percent(&self, part: u64) -> f64 {
        100.0 * part as f64 / self.volume().max(1) as f64
    }
}

impl OutlierDetection {
    /// Looks at an interval that is over.
    pub(super) fn look(&self, backends: &[Backend], random: &Random) {
        let mut records: Vec<_> = backends.iter().map(Backend::record).collect();
        let outcomes = backends.iter().map(|backend| {
            let (succeeded, failed) = backend.load().take_outcomes();
            Outcomes { succeeded, failed }
        });
        self.judge(&mut records, &outcomes.collect::<Vec<_>>(), random, Instant::now());
        for (backend, record) in backends.iter().zip(records) {
            backend.set_record(record);
        }
    }

    fn judge(&self, records: &mut [Record], outcomes: &[Outcomes], random: &Random, now: Instant) {
        if let Some(rate) = &self.success_rate {
            self.by_rate(rate, records, outcomes, random, now);
        }
        if let Some(percentage) = &self.failure_percentage {
            self.by_percentage(percentage, records, outcomes, random, now);
        }
        for record in records {
            match record.ejected {
                None => record.multiplier = record.multiplier.saturating_sub(1),
                Some(since) if since < now && since + self.ejection_time(record.multiplier) <= now => {
                    record.ejected = None;
                }
                Some(_) => {}
            }
        }
    }

    fn ejection_time(&self, multiplier: u32) -> Duration {
        let longest = self.max_ejection_time.max(self.base_ejection_time);
        self.base_ejection_time.saturating_mul(multiplier).min(longest).min(LONGEST)
    }

    fn by_rate(
        &self,
        rate: &SuccessRate,
        records: &mut [Record],
        outcomes: &[Outcomes],
        random: &Random,
        now: Instant,
    ) {
        let counts = |one: &Outcomes| one.volume() >= rate.request_volume.max(1);
        let rates: Vec<_> = outcomes.iter().filter(|one| counts(one)).map(|one| one.percent(one.succeeded)).collect();
        if rates.is_empty() || rates.len() < rate.minimum_hosts {
            return;
        }
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / rates.len() as f64;
        let least = mean - variance.sqrt() * f64::from(rate.stdev_factor) / 1000.0;
        for (at, one) in outcomes.iter().enumerate() {
            let outlier = counts(one) && one.percent(one.succeeded) < least;
            self.eject(outlier, rate.enforcement_percentage, at, records, random, now);
        }
    }

    fn by_percentage(
        &self,
        percentage: &FailurePercentage,
        records: &mut [Record],
        outcomes: &[Outcomes],
        random: &Random,
        now: Instant,
    ) {
        let counts = |one: &Outcomes| one.volume() >= percentage.request_volume.max(1);
        if outcomes.iter().filter(|one| counts(one)).count() < percentage.minimum_hosts {
            return;
        }
        for (at, one) in outcomes.iter().enumerate() {
            let outlier = counts(one) && one.percent(one.failed) > f64::from(percentage.threshold);
            self.eject(outlier, percentage.enforcement_percentage, at, records, random, now);
        }
    }

    fn eject(&self, outlier: bool, enforcement: u32, at: usize, records: &mut [Record], random: &Random, now: Instant) {
        if !outlier || records[at].ejected.is_some() || random.below(100) as u32 >= enforcement {
            return;
        }
        let ejected = records.iter().filter(|record| record.ejected.is_some()).count();
        if ejected * 100 < self.max_ejection_percent as usize * records.len() {
            records[at].ejected = Some(now);
            records[at].multiplier += 1;
        }
    }
}

impl Record {
    pub(super) fn is_ejected(&self) -> bool {
        self.ejected.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(list: &[(u64, u64)]) -> Vec<Outcomes> {
        list.iter().map(|&(succeeded, failed)| Outcomes { succeeded, failed }).collect()
    }

    fn judged(detection: &OutlierDetection, list: &[(u64, u64)]) -> Vec<bool> {
        let mut records = vec![Record::default(); list.len()];
        detection.judge(&mut records, &calls(list), &Random::seeded(1), Instant::now());
        records.iter().map(Record::is_ejected).collect()
    }

    const GOOD: (u64, u64) = (1_000, 0);
    const BAD: (u64, u64) = (300, 700);

    #[tokio::test(start_paused = true)]
    async fn who_is_far_below_the_mean_is_left_out() {
        let detection = OutlierDetection::default();
        let out = |list: &[_]| judged(&detection, list);
        assert_eq!(out(&[GOOD, GOOD, BAD, GOOD, GOOD]), [false, false, true, false, false]);
        // All alike, too few servers, too few calls.
        assert_eq!(out(&[BAD; 5]), [false; 5]);
        assert_eq!(out(&[GOOD, GOOD, BAD, GOOD]), [false; 4]);
        assert_eq!(out(&[GOOD, GOOD, (30, 69), GOOD, GOOD, GOOD]), [false; 6]);
        // Only so many.
        let strict = SuccessRate { stdev_factor: 100, ..SuccessRate::default() };
        let detection = OutlierDetection { success_rate: Some(strict), ..detection };
        let two = [GOOD, BAD, BAD, GOOD, GOOD, GOOD, GOOD, GOOD];
        assert_eq!(judged(&detection, &two).iter().filter(|out| **out).count(), 1);
        let detection = OutlierDetection { max_ejection_percent: 20, ..detection };
        assert_eq!(judged(&detection, &two).iter().filter(|out| **out).count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_most_calls_is_left_out() {
        let percentage = FailurePercentage { threshold: 60, ..FailurePercentage::default() };
        let detection = OutlierDetection {
            success_rate: None,
            failure_percentage: Some(percentage),
            max_ejection_percent: 100,
            ..OutlierDetection::default()
        };
        assert_eq!(judged(&detection, &[BAD; 5]), [true; 5]);
        assert_eq!(judged(&detection, &[(40, 60); 5]), [false; 5]);
        let sometimes = FailurePercentage { enforcement_percentage: 50, ..percentage };
        let detection = OutlierDetection { failure_percentage: Some(sometimes), ..detection };
        let out = judged(&detection, &[BAD; 400]).iter().filter(|out| **out).count();
        assert!((150..250).contains(&out), "{out}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_time_takes_longer_until_it_is_made_good() {
        let detection = OutlierDetection { max_ejection_time: Duration::from_secs(70), ..OutlierDetection::default() };
        let random = Random::seeded(1);
        let mut records = vec![Record::default(); 5];
        let mut out_for = |bad: (u64, u64)| {
            let mut now = Instant::now();
            detection.judge(&mut records, &calls(&[bad, GOOD, GOOD, GOOD, GOOD]), &random, now);
            let begin = now;
            while records[0].is_ejected() {
                now += detection.interval;
                detection.judge(&mut records, &calls(&[(0, 0), GOOD, GOOD, GOOD, GOOD]), &random, now);
            }
            (now - begin).as_secs()
        };
        assert_eq!([out_for(BAD), out_for(BAD), out_for(BAD), out_for(BAD)], [30, 60, 70, 70]);
        for _ in 0..4 {
            assert_eq!(out_for(GOOD), 0);
        }
        assert_eq!(out_for(BAD), 30);
    }
}
