//! Numbers of two bytes: stored and moved as they are, computed with as f32.

use std::{cmp::Ordering, fmt};

use crate::cast;

macro_rules! half {
    ($(#[$doc:meta])* $name:ident, $round:ident, $widen:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default)]
        #[repr(transparent)]
        pub struct $name(u16);

        impl $name {
            /// The number of these bits.
            pub const fn from_bits(bits: u16) -> Self {
                Self(bits)
            }

            /// Its bits.
            pub const fn to_bits(self) -> u16 {
                self.0
            }

            /// The nearest number, of two equally near ones the even one, infinite beyond the greatest; a NaN stays one.
            pub const fn from_f32(number: f32) -> Self {
                Self($round(number))
            }

            /// The same number.
            pub const fn to_f32(self) -> f32 {
                $widen(self.0)
            }

            /// The bits of elements, which share their memory.
            pub fn slice_to_bits(elements: &[Self]) -> &[u16] {
                cast::words(elements)
            }

            /// The bits of elements, to be written.
            pub fn slice_to_bits_mut(elements: &mut [Self]) -> &mut [u16] {
                cast::words_mut(elements)
            }
        }

        /// As of f32: a NaN differs from itself, and −0 equals 0.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.to_f32() == other.to_f32()
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                self.to_f32().partial_cmp(&other.to_f32())
            }
        }

        impl From<$name> for f32 {
            fn from(number: $name) -> f32 {
                number.to_f32()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.to_f32(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_f32(), f)
            }
        }
    };
}

half! {
    /// A bfloat16: the upper half of an f32, 8 bits of exponent and 7 of fraction.
    ///
    /// ```
    /// use everstep_tensor::Bf16;
    ///
    /// assert_eq!(Bf16::from_f32(1.01).to_f32(), 1.0078125);
    /// ```
    Bf16, round_bf16, widen_bf16
}

half! {
    /// The half precision of IEEE 754 (binary16): 5 bits of exponent and 10 of fraction, at most 65504.
    ///
    /// ```
    /// use everstep_tensor::F16;
    ///
    /// assert_eq!(F16::from_f32(1.01).to_f32(), 1.0097656);
    /// assert_eq!(F16::from_f32(65520.0).to_f32(), f32::INFINITY);
    /// ```
    F16, round_f16, widen_f16
}

const fn widen_bf16(bits: u16) -> f32 {
    f32::from_bits((bits as u32) << 16)
}

const fn round_bf16(number: f32) -> u16 {
    let bits = number.to_bits();
    let rounded = if number.is_nan() { bits | 0x0040_0000 } else { bits.wrapping_add(0x7fff + (bits >> 16 & 1)) };
    (rounded >> 16) as u16
}

/// Exact; the payload of a NaN lies in the upper bits.
const fn widen_f16(bits: u16) -> f32 {
    let (sign, exponent, fraction) = ((bits as u32 >> 15) << 31, (bits as u32 >> 10) & 31, bits as u32 & 1023);
    let magnitude = match exponent {
        // Zero and the subnormals: the fraction in units of 2^-24.
        0 => (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits(),
        31 => 0x7f80_0000 | (fraction << 13),
        _ => ((exponent + 112) << 23) | (fraction << 13),
    };
    f32::from_bits(sign | magnitude)
}

const fn round_f16(number: f32) -> u16 {
    let (sign, bits) = ((number.to_bits() >> 16) & 0x8000, number.to_bits() & 0x7fff_ffff);
    let magnitude = match bits >> 23 {
        // To units of 2^-24, which next to 1/2 are the last bit of an f32.
        0..=112 => (f32::from_bits(bits) + 0.5).to_bits() - 0.5f32.to_bits(),
        113..=142 => (bits - (112 << 23) + 0xfff + (bits >> 13 & 1)) >> 13,
        255 if bits > 0x7f80_0000 => 0x7e00 | (bits >> 13 & 0x3ff),
        _ => 0x7c00,
    };
    (sign | magnitude) as u16
}
