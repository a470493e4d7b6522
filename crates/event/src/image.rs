//! Pictures.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

/// A picture.
///
/// Its pixels stand row by row from the top, the channels of one side by side.
///
/// ```
/// use everstep_event::{Channels, Image};
///
/// let black_and_white = Image::new(2, 1, Channels::Grey, [0, 255])?;
/// let same = Image::from_f32(2, 1, Channels::Grey, &[0.0, 1.0])?;
/// assert_eq!(black_and_white, same);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    channels: Channels,
    picture: Picture,
}

/// What each pixel of an [`Image`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// A brightness.
    Grey = 1,
    /// A brightness and an opacity.
    GreyAlpha = 2,
    /// Red, green, blue.
    Rgb = 3,
    /// Red, green, blue and an opacity.
    Rgba = 4,
}

/// How an [`Image`] holds its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Picture {
    /// One byte for each channel of each pixel.
    Pixels(Arc<[u8]>),
    /// A file in a format that browsers show: PNG, JPEG, GIF.
    File(Arc<[u8]>),
}

/// What stands for a pixel that is not finite, with as many of its channels as there are: red, or white, and opaque.
const BAD_PIXEL: [u8; 4] = [255, 0, 0, 255];

impl Image {
    /// A picture of bytes from 0, black, to 255.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: it has no pixels, 2³¹ or more in a row or a column, or not width × height × channels bytes.
    pub fn new(width: u32, height: u32, channels: Channels, pixels: impl Into<Arc<[u8]>>) -> io::Result<Self> {
        let pixels = pixels.into();
        check(width, height, channels, pixels.len())?;
        Ok(Self { width, height, channels, picture: Picture::Pixels(pixels) })
    }

    /// A picture of numbers from 0, black, to 1; what lies beyond is clipped, as TensorFlow 2 does.
    ///
    /// A pixel with a NaN is shown red, or white if there are no colours.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_f32(width: u32, height: u32, channels: Channels, pixels: &[f32]) -> io::Result<Self> {
        // As TensorFlow's `convert_image_dtype`: the bytes divide the way from 0 to 1 into 256 equal parts.
        let byte = |value: f32| (value * 256.0).clamp(0.0, 255.0) as u8;
        Self::converted(width, height, channels, pixels, |value| !value.is_nan(), byte)
    }

    /// A picture of any numbers, scaled by itself as TensorFlow 1 does.
    ///
    /// Without negative numbers 0 is black and the largest is 255; with negative ones 0 is 127 and the largest
    /// magnitude is 0 or 254. A pixel with a NaN or an infinity is shown red, or white if there are no colours.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn scaled(width: u32, height: u32, channels: Channels, pixels: &[f32]) -> io::Result<Self> {
        let finite = || pixels.iter().filter(|value| value.is_finite());
        let (min, max) = finite().fold((0.0_f32, 0.0_f32), |(min, max), value| (value.min(min), value.max(max)));
        let (range, offset, most) = if min < 0.0 { (max.max(-min), 127.0, 127.0) } else { (max, 0.0, 255.0) };
        let byte = |value: f32| (if range > 0.0 { value / range * most } else { 0.0 } + offset) as u8;
        Self::converted(width, height, channels, pixels, |value| value.is_finite(), byte)
    }

    fn converted(
        width: u32,
        height: u32,
        channels: Channels,
        pixels: &[f32],
        is_good: impl Fn(f32) -> bool,
        byte: impl Fn(f32) -> u8,
    ) -> io::Result<Self> {
        check(width, height, channels, pixels.len())?;
        let mut bytes = Vec::with_capacity(pixels.len());
        for pixel in pixels.chunks_exact(channels as usize) {
            if pixel.iter().all(|value| is_good(*value)) {
                bytes.extend(pixel.iter().map(|value| byte(*value)));
            } else {
                bytes.extend(&BAD_PIXEL[..pixel.len()]);
            }
        }
        Self::new(width, height, channels, bytes)
    }

    /// A picture in the file format of PNG, JPEG or GIF, which is not looked into.
    pub fn file(width: u32, height: u32, channels: Channels, file: impl Into<Arc<[u8]>>) -> Self {
        Self { width, height, channels, picture: Picture::File(file.into()) }
    }

    /// Pictures of one size side by side in rows of so many, two black pixels apart.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: there are none, or none to a row, or they differ in size or channels, or one is a file.
    pub fn grid(images: &[Self], columns: u32) -> io::Result<Self> {
        crate::grid::grid(images, columns)
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// What each pixel has.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The picture itself.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }
}

fn check(width: u32, height: u32, channels: Channels, found: usize) -> io::Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    let is_sized = |length: u32| (1..1 << 31).contains(&length);
    if is_sized(width) && is_sized(height) && pixels.checked_mul(channels as u64) == Some(found as u64) {
        return Ok(());
    }
    let channels = channels as usize;
    let message = format!("an image of {width} × {height} pixels with {channels} channels cannot have {found} values");
    Err(io::Error::new(ErrorKind::InvalidInput, format!("{message}; give as many, and at least one pixel")))
}
