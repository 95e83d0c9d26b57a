//! Quantities with their unit in the type: sizes, shares of a processor, times, and the three kinds of port.

use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU16, str::FromStr};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "number"))]
        pub struct $name(pub $inner);
    )*};
}

numbers! {
    /// A size in bytes.
    Bytes(u64);
    /// A thousandth of one processor.
    MilliCpu(u32);
    /// A span of time in milliseconds.
    Millis(u64);
}

impl Bytes {
    /// So many MiB.
    pub const fn mib(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }
}

/// A point in time, milliseconds since 1970 in UTC; RFC 3339 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This time and a span later; saturates at the end of time.
    pub fn after(self, span: Millis) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => f.write_str("out of range"),
        }
    }
}

impl FromStr for UnixMillis {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_millisecond()))
    }
}

impl From<UnixMillis> for String {
    fn from(time: UnixMillis) -> String {
        time.to_string()
    }
}

impl TryFrom<String> for UnixMillis {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse()
    }
}

impl utoipa::PartialSchema for UnixMillis {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for UnixMillis {}

/// A number that is not a TCP port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a port: ports are 1 to 65535")]
pub struct PortOutOfRange(pub i64);

macro_rules! ports {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(NonZeroU16);

        impl $name {
            /// The port as a number, 1 to 65535.
            pub fn get(self) -> u16 {
                self.0.get()
            }
        }

        impl TryFrom<i64> for $name {
            type Error = PortOutOfRange;

            fn try_from(number: i64) -> Result<Self, PortOutOfRange> {
                u16::try_from(number).ok().and_then(NonZeroU16::new).map(Self).ok_or(PortOutOfRange(number))
            }
        }

        impl From<NonZeroU16> for $name {
            fn from(port: NonZeroU16) -> Self {
                Self(port)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::Integer)
                    .minimum(Some(1))
                    .maximum(Some(65_535))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

ports! {
    /// The port an app listens on inside its container.
    ContainerPort;
    /// A port on the provider's machine, bound to loopback.
    HostPort;
    /// A raw TCP port of the edge that visitors connect to.
    PublicPort;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_refuse_what_is_not_a_port() {
        for bad in [-1, 0, 65_536, i64::MAX] {
            assert_eq!(ContainerPort::try_from(bad), Err(PortOutOfRange(bad)));
        }
        assert_eq!(ContainerPort::try_from(8080).unwrap().get(), 8080);
        assert!(serde_json::from_str::<PublicPort>("0").is_err());
    }

    #[test]
    fn times_are_rfc_3339_on_the_wire() {
        let time = UnixMillis(1_795_000_000_123);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, "\"2026-11-18T11:06:40.123Z\"");
        assert_eq!(serde_json::from_str::<UnixMillis>(&json).unwrap(), time);
        assert_eq!(time.after(Millis(5)).since(time), Millis(5));
        assert_eq!(time.since(time.after(Millis(5))), Millis(0));
    }
}
