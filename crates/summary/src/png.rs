//! PNG files, as W3C's "Portable Network Graphics (PNG) Specification" has them.
//!
//! With the feature `miniz_oxide` they are compressed; without it they are not, which every reader takes as well.

use everstep_event::Channels;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A chunk may not be longer than 2³¹ − 1 bytes.
const LONGEST_CHUNK: usize = 1 << 30;

/// A file of 8 bits a channel, each row unfiltered.
pub(crate) fn encode(width: u32, height: u32, channels: Channels, pixels: &[u8]) -> Vec<u8> {
    let row = width as usize * channels as usize;
    let mut rows = Vec::with_capacity(pixels.len() + height as usize);
    for pixels in pixels.chunks_exact(row.max(1)) {
        rows.push(0);
        rows.extend(pixels);
    }
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, color_type(channels), 0, 0, 0]);
    let data = zlib(&rows);
    let mut file = Vec::with_capacity(data.len() + 64);
    file.extend(SIGNATURE);
    chunk(&mut file, b"IHDR", &head);
    data.chunks(LONGEST_CHUNK).for_each(|data| chunk(&mut file, b"IDAT", data));
    chunk(&mut file, b"IEND", &[]);
    file
}

/// The width, the height and the channels that a file says; a palette is of RGB.
pub(crate) fn head(file: &[u8]) -> Option<(u32, u32, Channels)> {
    let head = file.strip_prefix(&SIGNATURE)?.get(8..18)?;
    let (width, rest) = head.split_first_chunk()?;
    let (height, rest) = rest.split_first_chunk()?;
    let channels = match rest.get(1)? {
        0 => Channels::Grey,
        4 => Channels::GreyAlpha,
        6 => Channels::Rgba,
        _ => Channels::Rgb,
    };
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height), channels))
}

fn color_type(channels: Channels) -> u8 {
    match channels {
        Channels::Grey => 0,
        Channels::GreyAlpha => 4,
        Channels::Rgb => 2,
        Channels::Rgba => 6,
    }
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let checksum = crc32(&file[start..]);
    file.extend(checksum.to_be_bytes());
}

#[cfg(feature = "miniz_oxide")]
fn zlib(bytes: &[u8]) -> Vec<u8> {
    const LEVEL: u8 = 6;
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, LEVEL)
}

/// Deflate's stored blocks, in the frame of RFC 1950.
#[cfg(not(feature = "miniz_oxide"))]
fn zlib(bytes: &[u8]) -> Vec<u8> {
    const LONGEST_BLOCK: usize = u16::MAX as usize;
    let mut stream = Vec::with_capacity(bytes.len() + bytes.len() / LONGEST_BLOCK * 5 + 16);
    stream.extend([0x78, 0x01]);
    let mut blocks = bytes.chunks(LONGEST_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

/// The checksum of RFC 1950; after so many bytes the sums may not fit any more.
#[cfg(not(feature = "miniz_oxide"))]
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    let (mut low, mut high) = (1, 0);
    for bytes in bytes.chunks(5552) {
        for byte in bytes {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

/// The checksum of a chunk: CRC-32 with the polynomial 0xedb88320, bits reflected.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8;
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
