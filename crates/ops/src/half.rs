//! Numbers of two bytes, as their bits: what they are as f32, and the nearest one to an f32.

/// A format of two bytes, whose elements are stored and moved but never computed with.
pub(crate) trait Half: Send + Sync + 'static {
    /// The same number; a NaN keeps its sign and payload.
    fn widen(bits: u16) -> f32;

    /// The nearest number, of two equally near ones the even one, as IEEE 754 rounds; a NaN becomes a quiet one.
    fn round(number: f32) -> u16;
}

/// The upper half of an f32: 8 bits of exponent, 7 of fraction.
#[derive(Debug)]
pub(crate) struct Bf16;

/// The half precision of IEEE 754: 5 bits of exponent, 10 of fraction.
#[derive(Debug)]
pub(crate) struct F16;

impl Half for Bf16 {
    #[inline(always)]
    fn widen(bits: u16) -> f32 {
        f32::from_bits(u32::from(bits) << 16)
    }

    #[inline(always)]
    fn round(number: f32) -> u16 {
        let bits = number.to_bits();
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
        let bits = if number.is_nan() { bits | 0x0040_0000 } else { rounded };
        (bits >> 16) as u16
    }
}

/// By how much the exponents of f32 and f16 differ, where an f32 has its exponent.
const REBIAS: u32 = (127 - 15) << 23;
/// The infinity of f32.
const INFINITY: u32 = 0xff << 23;

impl Half for F16 {
    #[inline(always)]
    fn widen(bits: u16) -> f32 {
        let (sign, size) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff) << 13);
        // The product is exact, and gives numbers below the least normal one their leading bit.
        let finite = (f32::from_bits(size) * f32::from_bits(REBIAS + (127 << 23))).to_bits();
        f32::from_bits(sign | if bits & 0x7c00 == 0x7c00 { size | INFINITY } else { finite })
    }

    #[inline(always)]
    fn round(number: f32) -> u16 {
        let (sign, size) = (number.to_bits() >> 16 & 0x8000, number.to_bits() & 0x7fff_ffff);
        let normal = size.wrapping_sub(REBIAS).wrapping_add(0xfff + (size >> 13 & 1)) >> 13;
        // Next to 1/2 an f32 has as many bits below the point as the least numbers of f16: the sum rounds.
        let tiny = (f32::from_bits(size) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
        let finite = if size < REBIAS + (1 << 23) { tiny } else { normal };
        let known = if size >= REBIAS + (31 << 23) { 0x7c00 } else { finite };
        let nan = 0x7e00 | size >> 13 & 0x3ff;
        (sign | if size > INFINITY { nan } else { known }) as u16
    }
}

/// Evaluates `$body` with `$H` naming the format of `$dtype`, one of the two.
macro_rules! with_half {
    ($dtype:expr, $H:ident => $body:expr) => {
        match $dtype {
            $crate::view::DType::Bf16 => {
                type $H = $crate::half::Bf16;
                $body
            }
            $crate::view::DType::F16 => {
                type $H = $crate::half::F16;
                $body
            }
            _ => $crate::element::unchecked_dtype(),
        }
    };
}

pub(crate) use with_half;
