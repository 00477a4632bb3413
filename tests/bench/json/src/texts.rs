//! What the shapes look like as JSON.

/// One string.
pub const SMALL: &str = r#"{"name":"a-name-of-some-length-25"}"#;

/// Items, maps, enums, bytes, 64-bit integers.
pub const NESTED: &str = concat!(
    r#"{"orderId":"order-2026-000123","customerId":"9007199254740993","status":"STATUS_ACTIVE","#,
    r#""items":[{"sku":"SKU-0001","title":"First item of the order","quantity":3,"priceMicros":"12990000","#,
    r#""weight":0.75,"status":"STATUS_ACTIVE","tags":["new","fragile"]},{"sku":"SKU-0002","#,
    r#""title":"Second \"quoted\" item","quantity":1,"priceMicros":"8990000","weight":1.25,"#,
    r#""status":"STATUS_SUSPENDED","tags":["used"]},{"sku":"SKU-0003","title":"Third item","quantity":12,"#,
    r#""priceMicros":"1990000","weight":0.1},{"sku":"SKU-0004","title":"Fourth item of it","quantity":7,"#,
    r#""priceMicros":"490000","weight":12.5,"status":"STATUS_DELETED"}],"labels":{"region":"eu-central-1","#,
    r#""team":"checkout","env":"production"},"counters":{"views":"123456","clicks":"789","retries":"3"},"#,
    r#""signature":"3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=","total":1234.56,"paid":true,"#,
    r#""address":{"street":"Example Street 12","city":"Zürich","postalCode":"8001","floor":4}}"#,
);

/// Well-known types.
pub const KNOWN: &str = concat!(
    r#"{"createTime":"2026-11-22T16:00:00Z","updateTime":"2026-11-22T16:30:15.250Z","#,
    r#""history":["2026-01-01T00:00:00Z","2026-02-01T12:00:00.000001Z","2026-03-01T23:59:59.999999999Z"],"#,
    r#""ttl":"3600.500s","updateMask":"displayName,address.postalCode","attributes":{"color":"red","#,
    r#""depth":2.5,"nested":{"flag":true,"none":null},"sizes":[1,2,3]},"#,
    r#""detail":{"@type":"type.googleapis.com/shapes.Small","name":"inside an any"},"nickname":"nick","#,
    r#""quota":"1099511627776","enabled":true,"ratio":0.25}"#,
);
