use rsgrpc_bench::Workload;

/// One thing that is measured.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What one is counted of: calls, or messages of a stream.
    pub(crate) unit: &'static str,
    pub(crate) workload: Workload,
    /// Connections of a timed run; a count by callgrind uses one.
    pub(crate) connections: u64,
    pub(crate) in_flight: u64,
    /// Bytes of a streamed message.
    pub(crate) size: u32,
    /// Calls or messages of a timed run.
    pub(crate) count: u64,
    /// The two counts between which callgrind's slope is taken.
    pub(crate) slope: [u64; 2],
    /// How many messages a CPU second of the server is to be good for, as a multiple of tonic's; of calls other things are
    /// aimed at.
    pub(crate) aim: Option<f64>,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "unary, 1 in flight",
        unit: "call",
        workload: Workload::Unary,
        connections: 4,
        in_flight: 1,
        size: 0,
        count: 30_000,
        slope: [500, 1_500],
        aim: None,
    },
    Case {
        name: "unary, 32 in flight",
        unit: "call",
        workload: Workload::Unary,
        connections: 4,
        in_flight: 32,
        size: 0,
        count: 64_000,
        slope: [960, 2_880],
        aim: None,
    },
    Case {
        name: "server stream, 32 B",
        unit: "message",
        workload: Workload::Download,
        connections: 1,
        in_flight: 1,
        size: 32,
        count: 6_000_000,
        slope: [20_000, 120_000],
        aim: Some(1.0),
    },
    Case {
        name: "server stream, 64 KiB",
        unit: "message",
        workload: Workload::Download,
        connections: 1,
        in_flight: 1,
        size: 64 << 10,
        count: 20_000,
        slope: [200, 800],
        aim: Some(1.2),
    },
    Case {
        name: "client stream, 32 B",
        unit: "message",
        workload: Workload::Upload,
        connections: 1,
        in_flight: 1,
        size: 32,
        count: 4_000_000,
        slope: [20_000, 120_000],
        aim: Some(1.0),
    },
];

/// Calls that share a channel.
pub(crate) const SHARED: Case = Case {
    name: "unary, 64 in flight on one channel",
    unit: "call",
    workload: Workload::Unary,
    connections: 1,
    in_flight: 64,
    size: 0,
    count: 128_000,
    slope: [1_280, 3_840],
    aim: None,
};

impl Case {
    pub(crate) fn path(&self) -> &'static str {
        match self.workload {
            Workload::Unary => "/bench.v1.Bench/SayHello",
            Workload::Download => "/bench.v1.Bench/Download",
            Workload::Upload => "/bench.v1.Bench/Upload",
        }
    }

    /// The body of one request of h2load, when the case is run with this count.
    pub(crate) fn body(&self, count: u64) -> Vec<u8> {
        match self.workload {
            Workload::Unary => frame(b"\x0a\x05world"),
            Workload::Download => {
                let mut message = vec![0x08];
                varint(count, &mut message);
                message.push(0x10);
                varint(self.size.into(), &mut message);
                frame(&message)
            }
            Workload::Upload => {
                let mut message = vec![0x0a];
                varint(self.size.into(), &mut message);
                message.resize(message.len() + self.size as usize, b'x');
                frame(&message).repeat(count as usize)
            }
        }
    }

    /// How many requests h2load makes for this count.
    pub(crate) fn requests(&self, count: u64) -> u64 {
        if self.workload == Workload::Unary { count } else { 1 }
    }

    /// The flags of our load generators.
    pub(crate) fn flags(&self, count: u64, connections: u64) -> Vec<String> {
        let workload = match self.workload {
            Workload::Unary => "unary",
            Workload::Download => "download",
            Workload::Upload => "upload",
        };
        [
            ("workload", workload.to_owned()),
            ("count", count.to_string()),
            ("connections", connections.to_string()),
            ("in-flight", self.in_flight.to_string()),
            ("size", self.size.to_string()),
        ]
        .map(|(flag, value)| format!("--{flag}={value}"))
        .into()
    }
}

/// A gRPC message behind its five bytes of prefix.
fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
