//! Service configs: what is refused and with which words, and what counts.

use std::time::Duration;

use rsgrpc::{Client, Code, client::ServiceConfig};

#[cfg(feature = "net")]
use rsgrpc::client::channel::LoadBalancing;

use crate::{Act, Script, client, server, support::EchoClient};

fn refused(text: &str) -> String {
    let error = text.parse::<ServiceConfig>().expect_err(text).to_string();
    error.strip_prefix("the service config cannot be used: ").unwrap().to_owned()
}

/// A config of one method with these members.
fn method(members: &str) -> String {
    format!(r#"{{"methodConfig": [{{"name": [{{}}], {members}}}]}}"#)
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let retry = |change: (&str, &str)| {
        let members = r#""retryPolicy": {"maxAttempts": 3, "initialBackoff": "1s", "maxBackoff": "2s", "backoffMultiplier": 1.5,
            "retryableStatusCodes": ["UNAVAILABLE"]}"#;
        assert!(members.contains(change.0));
        method(&members.replace(change.0, change.1))
    };
    let place = "methodConfig[0].retryPolicy";
    for (text, error) in [
        ("[]", "expected an object, found an array".to_owned()),
        (r#"{"methodConfig": {}}"#, "methodConfig: expected an array, found an object".to_owned()),
        (&method(r#""timeout": 1"#), "methodConfig[0].timeout: expected a string, found a number".to_owned()),
        (&method(r#""timeout": "1""#), "methodConfig[0].timeout: \"1\" is no duration such as \"1.5s\"".to_owned()),
        (&method(r#""timeout": "-1s""#), "methodConfig[0].timeout: must not be negative".to_owned()),
        (
            &method(r#""waitForReady": "yes""#),
            "methodConfig[0].waitForReady: expected true or false, found a string".to_owned(),
        ),
        (
            &method(r#""maxRequestMessageBytes": -1"#),
            "methodConfig[0].maxRequestMessageBytes: expected a whole number from 0 to 4294967295".to_owned(),
        ),
        (
            r#"{"methodConfig": [{"name": [{"method": "A"}]}]}"#,
            "methodConfig[0].name[0]: `method` needs a `service`".to_owned(),
        ),
        (
            r#"{"methodConfig": [{"name": [{"service": "s"}]}, {"name": [{"service": "s"}]}]}"#,
            "methodConfig[1].name[0]: `s/` is named twice".to_owned(),
        ),
        (r#"{"methodConfig": [{"name": [{}, {}]}]}"#, "methodConfig[0].name[1]: there is a default already".to_owned()),
        (&retry(("3", "1")), format!("{place}.maxAttempts: must be greater than 1")),
        (&retry((r#""maxAttempts": 3, "#, "")), format!("{place}: `maxAttempts` is missing")),
        (&retry((r#""1s""#, r#""0s""#)), format!("{place}.initialBackoff: must be greater than 0s")),
        (&retry((r#""2s""#, r#""2""#)), format!("{place}.maxBackoff: \"2\" is no duration such as \"1.5s\"")),
        (&retry(("1.5", "0")), format!("{place}.backoffMultiplier: must be greater than 0")),
        (&retry((r#""UNAVAILABLE""#, "")), format!("{place}.retryableStatusCodes: must have a code")),
        (
            &retry((r#""UNAVAILABLE""#, r#""NO_SUCH""#)),
            format!("{place}.retryableStatusCodes[0]: expected the name or the number of a status code other than OK"),
        ),
        (
            &retry((r#""UNAVAILABLE""#, "14, 0")),
            format!("{place}.retryableStatusCodes[1]: expected the name or the number of a status code other than OK"),
        ),
        (
            &retry(("]}", r#"]}, "hedgingPolicy": {"maxAttempts": 2}"#)),
            "methodConfig[0]: there is both a `retryPolicy` and a `hedgingPolicy`".to_owned(),
        ),
        (
            &method(r#""hedgingPolicy": {"maxAttempts": 0}"#),
            "methodConfig[0].hedgingPolicy.maxAttempts: must be greater than 1".to_owned(),
        ),
        (
            r#"{"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}}"#,
            "retryThrottling.maxTokens: must be greater than 0, and 1000 at most".to_owned(),
        ),
        (
            r#"{"retryThrottling": {"maxTokens": 10, "tokenRatio": 0.0001}}"#,
            "retryThrottling.tokenRatio: must be 0.001 or more".to_owned(),
        ),
        (r#"{"retryThrottling": {"maxTokens": 10}}"#, "retryThrottling: `tokenRatio` is missing".to_owned()),
    ] {
        assert_eq!(refused(text), error, "{text}");
    }
    assert!(refused("{").contains("line 1"), "{}", refused("{"));
}

#[test]
fn what_is_not_known_is_ignored() {
    for text in
        ["{}", r#"{"new": [1]}"#, &method(r#""new": {}, "timeout": null"#), r#"{"methodConfig": [{"timeout": "1s"}]}"#]
    {
        text.parse::<ServiceConfig>().unwrap();
    }
}

#[cfg(feature = "net")]
#[test]
fn load_balancing_is_the_first_that_is_known() {
    let of = |text: &str| text.parse::<ServiceConfig>().map(|config| config.load_balancing().cloned());
    for (list, expected) in [
        (r#"[{"xds_new": {}}, {"round_robin": {}}]"#, LoadBalancing::RoundRobin),
        (r#"[{"pick_first": {"shuffleAddressList": true}}]"#, LoadBalancing::PickRandom),
        (r#"[{"least_request_experimental": {"choiceCount": 30}}]"#, LoadBalancing::LeastRequest { choices: 10 }),
        (r#"[{"ring_hash_experimental": {"requestHashHeader": "User"}}]"#, LoadBalancing::ring_hash("user")),
    ] {
        assert_eq!(of(&format!(r#"{{"loadBalancingConfig": {list}}}"#)).unwrap(), Some(expected), "{list}");
    }
    assert_eq!(of(r#"{"loadBalancingPolicy": "ROUND_ROBIN"}"#).unwrap(), Some(LoadBalancing::RoundRobin));
    assert_eq!(of("{}").unwrap(), None);
    for (list, error) in [
        ("[]", "loadBalancingConfig: must name a policy: {KNOWN}"),
        (r#"[{"xds_new": {}}, {"b": {}}]"#, "loadBalancingConfig: none of `xds_new`, `b` is known here, but {KNOWN}"),
        (
            r#"[{"outlier_detection_experimental": {}}]"#,
            "loadBalancingConfig: `outlier_detection_experimental` is set by `ChannelBuilder::outlier_detection`",
        ),
        (
            r#"[{"xds_new": {}}, {"outlier_detection_experimental": {}}]"#,
            "loadBalancingConfig: none of `xds_new`, `outlier_detection_experimental` is known here, but {KNOWN}; \
             `outlier_detection_experimental` is set by `ChannelBuilder::outlier_detection`",
        ),
        (
            r#"[{"ring_hash_experimental": {}}, {"round_robin": {}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental: `requestHashHeader` is missing",
        ),
        (&ring(r#""""#, 1, 1), &no_key("")),
        (&ring(r#""a-bin""#, 1, 1), &no_key("a-bin")),
        (&ring(r#""a b""#, 1, 1), &no_key("a b")),
        (
            &ring(r#""a""#, 3, 2),
            "loadBalancingConfig[0].ring_hash_experimental.minRingSize: must not be greater than `maxRingSize`, 2",
        ),
        (
            r#"[{"ring_hash_experimental": {"requestHashHeader": "a", "minRingSize": 5000}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental.minRingSize: must not be greater than `maxRingSize`, 4096",
        ),
        (
            r#"[{"ring_hash_experimental": {"requestHashHeader": "a", "maxRingSize": 10}}]"#,
            "loadBalancingConfig[0].ring_hash_experimental: `minRingSize` (1024 by default) must not be greater than \
             `maxRingSize`, 10",
        ),
        (
            r#"[{"least_request_experimental": {"choiceCount": 1}}]"#,
            "loadBalancingConfig[0].least_request_experimental.choiceCount: must be 2 or more",
        ),
        (r#"[{"a": {}, "b": {}}]"#, "loadBalancingConfig[0]: expected one policy, by its name"),
        (r#"[{"round_robin": 1}]"#, "loadBalancingConfig[0].round_robin: expected an object, found a number"),
    ] {
        assert_eq!(refused(&format!(r#"{{"loadBalancingConfig": {list}}}"#)), error.replace("{KNOWN}", KNOWN));
    }
    assert_eq!(refused(r#"{"healthCheckConfig": 5}"#), "healthCheckConfig: expected an object, found a number");
    assert_eq!(
        refused(r#"{"loadBalancingPolicy": "grpclb"}"#),
        "loadBalancingPolicy: `grpclb` is not known here, but `pick_first` and `round_robin`"
    );
}

#[cfg(feature = "net")]
const KNOWN: &str = "`pick_first`, `round_robin`, `weighted_round_robin`, `least_request_experimental`, \
                     `ring_hash_experimental`";

#[cfg(feature = "net")]
fn ring(key: &str, min: u32, max: u32) -> String {
    let ring = format!(r#"{{"requestHashHeader": {key}, "minRingSize": {min}, "maxRingSize": {max}}}"#);
    format!(r#"[{{"ring_hash_experimental": {ring}}}]"#)
}

#[cfg(feature = "net")]
fn no_key(key: &str) -> String {
    let why = "is no metadata key, of lower-case letters, digits, `_`, `-` and `.`, and without `-bin` at its end";
    format!("loadBalancingConfig[0].ring_hash_experimental.requestHashHeader: {key:?} {why}")
}

#[test]
fn what_is_no_json_is_named_with_its_place_in_the_same_way() {
    let twice = method(r#""retryPolicy": {"maxAttempts": 3, "maxAttempts": 4}"#);
    assert_eq!(
        refused(&twice),
        r#"methodConfig[0].retryPolicy: the key "maxAttempts" is given twice (line 1, column 68)"#
    );
}

#[test]
fn choices_of_a_record_of_dns() {
    let choice = |members: &str, service: &str| {
        format!(r#"{{{members} "serviceConfig": {{"healthCheckConfig": {{"serviceName": "{service}"}}}}}}"#)
    };
    let chosen = |choices: &[String], percentile, host: &str| {
        let record = format!("grpc_config=[{}]", choices.join(","));
        let config = ServiceConfig::from_txt(&record, percentile, host).unwrap();
        config.map(|config| config.health_service().unwrap().to_owned())
    };
    let choices = [
        choice(r#""clientLanguage": ["go", "c++"],"#, "others"),
        choice(r#""clientLanguage": ["Rust"], "clientHostname": ["canary"],"#, "canary"),
        choice(r#""percentage": 10,"#, "some"),
        choice(r#""clientLanguage": [],"#, "all"),
    ];
    assert_eq!(chosen(&choices, 99, "canary").as_deref(), Some("canary"));
    assert_eq!(chosen(&choices, 9, "host").as_deref(), Some("some"));
    assert_eq!(chosen(&choices, 10, "host").as_deref(), Some("all"));
    assert_eq!(chosen(&choices[..2], 0, "host"), None);
    assert!(ServiceConfig::from_txt("v=spf1", 0, "").unwrap().is_none());
    for (choice, error) in [
        (r#"{"percentage": 101, "serviceConfig": {}}"#, "[0].percentage: must be 100 at most"),
        ("{}", "[0]: `serviceConfig` is missing"),
        (
            r#"{"serviceConfig": {"methodConfig": 1}}"#,
            "[0].serviceConfig.methodConfig: expected an array, found a number",
        ),
    ] {
        let error_of = ServiceConfig::from_txt(&format!("grpc_config=[{choice}]"), 0, "").unwrap_err().to_string();
        assert!(error_of.ends_with(error), "{error_of}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_more_exact_name_counts() {
    let script = Script::new([]);
    let client = client(
        &script,
        r#"{"methodConfig": [
            {"name": [{}], "timeout": "3s"},
            {"name": [{"service": "test.Echo"}], "timeout": "2s"},
            {"name": [{"service": "test.Echo", "method": "Unary"}, {"service": "other"}], "timeout": "1s"}
        ]}"#,
    );
    client.unary(String::new()).await.unwrap();
    client.look(String::new()).await.unwrap();
    assert_eq!(script.seen().iter().map(|seen| seen.left).collect::<Vec<_>>(), [Some(1000), Some(2000)]);
}

#[tokio::test(start_paused = true)]
async fn of_two_timeouts_the_smaller_counts() {
    let script = Script::new([Act::Never]);
    let client = client(&script, &method(r#""timeout": "1s""#));
    let started = tokio::time::Instant::now();
    let status = client.unary(String::new()).timeout(Duration::from_secs(5)).await.unwrap_err();
    assert_eq!((status.code(), started.elapsed().as_secs()), (Code::DeadlineExceeded, 1));
    client.unary(String::new()).timeout(Duration::from_millis(500)).await.unwrap();
    assert_eq!(script.seen().iter().map(|seen| seen.left).collect::<Vec<_>>(), [Some(1000), Some(500)]);
}

#[tokio::test]
async fn of_two_limits_the_smaller_counts() {
    let config = method(r#""maxRequestMessageBytes": 10, "maxResponseMessageBytes": "0""#);
    let status = client(&Script::new([]), &config).unary("x".repeat(20)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("sending a message of 22 bytes, over the limit of 10"), "{status:?}");
    let status = client(&Script::new([]), &config).unary(String::new()).await.unwrap_err();
    assert!(status.message().contains("receiving"), "{status:?}");

    let config: ServiceConfig = method(r#""maxRequestMessageBytes": 1000"#).parse().unwrap();
    let client = Client::from(server(&Script::new([]))).max_send_message_bytes(15).service_config(config);
    let status = EchoClient::new(client).unary("x".repeat(20)).await.unwrap_err();
    assert!(status.message().contains("over the limit of 15"), "{status:?}");
}

#[tokio::test]
async fn a_limit_that_was_set_counts_though_it_is_that_of_the_default() {
    let config: ServiceConfig = method(r#""maxRequestMessageBytes": 16777216"#).parse().unwrap();
    let client = Client::from(server(&Script::new([]))).max_send_message_bytes(4 << 20).service_config(config);
    let status = EchoClient::new(client).unary("x".repeat(5 << 20)).await.unwrap_err();
    assert!(status.message().contains("over the limit of 4194304"), "{status:?}");
    assert!(status.message().starts_with("sending"), "{status:?}");
}
