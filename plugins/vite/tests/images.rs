//! The step `images`, run natively on real files: what gets smaller, what stays, and that pictures stay what they are.
//! A browser compares what both look like in `tests/cli`.

use std::fs;
use std::path::{Path, PathBuf};

use farm_builder_vite::Vite;
use farm_sdk::Builder;
use serde_json::{Value, json};

/// The step's copy of these files, and what it says of them.
fn run(files: &[(&str, &[u8])]) -> (Vec<Vec<u8>>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir_all(&output).expect("a folder");
    for (path, content) in files {
        let path = input.join("bundle").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    Vite::run_step("images", "{}", &input, &output).expect("every bundle can be copied");
    let read = |(path, _): &(&str, &[u8])| fs::read(output.join("bundle").join(path)).expect("a copy");
    let said = fs::read(output.join("images.json")).expect("it says what became of them");
    (
        files.iter().map(read).collect(),
        serde_json::from_slice(&said).expect("JSON"),
    )
}

/// What becomes of one image.
fn smaller(name: &str, bytes: &[u8]) -> Vec<u8> {
    let (mut copies, _) = run(&[(name, bytes)]);
    copies.remove(0)
}

fn kept(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name);
    fs::read(path).expect("a picture")
}

fn pictures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images");
    let mut pictures: Vec<_> = fs::read_dir(folder)
        .expect("pictures")
        .map(|entry| entry.expect("one").path())
        .collect();
    pictures.retain(|path| path.extension().is_some_and(|extension| extension != "py"));
    pictures.sort();
    pictures
}

/// A PNG file as an unhurried program writes it: one filter, and words beside the pixels.
fn png_of(colour: png::ColorType, depth: png::BitDepth, (width, height): (u32, u32), lines: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::NoCompression);
    encoder.set_filter(png::Filter::NoFilter);
    encoder
        .add_text_chunk("Comment".to_owned(), "made by a program".to_owned())
        .expect("text");
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(lines).expect("lines");
    writer.finish().expect("written");
    bytes
}

/// Kind, depth, and red, green, blue, alpha of all pixels with 16 bits, as another decoder than the step's own steps see
/// them.
fn seen(bytes: &[u8]) -> ((png::ColorType, png::BitDepth), Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let kind = decoder.read_header_info().expect("a header");
    let kind = (kind.color_type, kind.bit_depth);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().expect("a header");
    let mut lines = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut lines).expect("pixels");
    lines.truncate(info.buffer_size());
    let pixels = match info.color_type {
        png::ColorType::GrayscaleAlpha if info.bit_depth == png::BitDepth::Eight => lines
            .chunks_exact(2)
            .flat_map(|pair| [pair[0], pair[0], pair[0], pair[1]])
            .collect(),
        _ => lines,
    };
    (kind, pixels)
}

/// Pixels of a gradient with this many values in each channel.
fn gradient(channels: &[fn(u32, u32) -> u8]) -> Vec<u8> {
    let pixels = (0..40).flat_map(|y| (0..50).map(move |x| (x, y)));
    pixels
        .flat_map(|(x, y)| channels.iter().map(move |channel| channel(x, y)))
        .collect()
}

/// What a channel holds at a place.
type Channel = fn(u32, u32) -> u8;
const RAMP: Channel = |x, y| u8::try_from(3 * x + 2 * y).expect("small");
const OTHER: Channel = |x, y| u8::try_from((7 * x * y) % 251).expect("small");
const FULL: Channel = |_, _| 255;
const CHECKS: Channel = |x, y| if (x / 5 + y / 5) % 2 == 0 { 0 } else { 255 };
const FEW: Channel = |x, _| u8::try_from(x / 17).expect("small") * 40;
const HALF: Channel = |x, _| if x < 20 { 128 } else { 255 };

#[test]
fn a_png_takes_the_smallest_form_that_holds_its_pixels() {
    use png::BitDepth::{Eight, Four, One};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    for (what, channels, colour, expected) in [
        ("colours", vec![RAMP, OTHER, FEW], Rgb, (Rgb, Eight)),
        (
            "colours of which none is clear",
            vec![RAMP, OTHER, FEW, FULL],
            Rgba,
            (Rgb, Eight),
        ),
        ("clear colours", vec![RAMP, OTHER, FEW, RAMP], Rgba, (Rgba, Eight)),
        (
            "greys that call themselves colours",
            vec![RAMP, RAMP, RAMP],
            Rgb,
            (Grayscale, Eight),
        ),
        (
            "clear greys",
            vec![RAMP, RAMP, RAMP, OTHER],
            Rgba,
            (GrayscaleAlpha, Eight),
        ),
        (
            "black and white",
            vec![CHECKS, CHECKS, CHECKS, FULL],
            Rgba,
            (Grayscale, One),
        ),
        ("a few colours", vec![FEW, CHECKS, FULL], Rgb, (Indexed, Four)),
        (
            "two colours, one half clear",
            vec![FULL, HALF, FULL, HALF],
            Rgba,
            (Indexed, One),
        ),
    ] {
        let before = png_of(colour, Eight, (50, 40), &gradient(&channels));
        let after = smaller("a.png", &before);
        let ((kind, pixels), (_, same)) = (seen(&after), seen(&before));
        assert_eq!(kind, expected, "{what}");
        assert!(pixels == same, "{what}");
        assert!(
            after.len() < before.len() / 2,
            "{what}: {} of {}",
            after.len(),
            before.len()
        );
    }
}

#[test]
fn sixteen_bits_stay_where_eight_say_less() {
    use png::BitDepth::{Eight, Sixteen};
    use png::ColorType::Rgb;
    let doubled: Vec<u8> = gradient(&[RAMP, OTHER, FEW])
        .iter()
        .flat_map(|byte| [*byte, *byte])
        .collect();
    let sixteen = png_of(Rgb, Sixteen, (50, 40), &doubled);
    assert_eq!(
        seen(&smaller("a.png", &sixteen)).0,
        (Rgb, Eight),
        "sixteen bits that say no more than eight"
    );
    let real: Vec<u8> = gradient(&[RAMP, OTHER, FEW, RAMP, OTHER, FEW]);
    let sixteen = png_of(Rgb, Sixteen, (50, 40), &real);
    let after = smaller("a.png", &sixteen);
    assert_eq!(seen(&after), seen(&sixteen), "sixteen bits that are needed");
    assert!(after.len() < sixteen.len());
}

#[test]
fn a_colour_that_stands_for_clear_stays_clear() {
    let lines = gradient(&[
        |x, _| u8::try_from(x / 10).expect("small") * 50,
        |_, _| 10,
        |_, y| u8::try_from(y).expect("small"),
    ]);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 50, 40);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_trns([0, 50, 0, 10, 0, 7].to_vec());
    encoder
        .write_header()
        .expect("a header")
        .write_image_data(&lines)
        .expect("lines");
    let after = smaller("a.png", &bytes);
    assert!(seen(&after).1 == seen(&bytes).1, "every pixel is as clear as before");
    assert!(seen(&after).1.chunks_exact(4).any(|pixel| pixel[3] == 0) && after.len() < bytes.len());
}

#[test]
fn an_animation_and_an_unknown_chunk_that_must_be_known_stay() {
    let plain = png_of(
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        (50, 40),
        &gradient(&[|_, _| 1, |_, _| 2, |_, _| 3]),
    );
    for name in [b"acTL", b"ABCD"] {
        let mut bytes = plain[..33].to_vec();
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(&[0, 0, 0, 1, 0, 0, 0, 0]);
        bytes.extend([0, 0, 0, 8]);
        bytes.extend(name);
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 0]);
        bytes.extend(crc.sum().to_be_bytes());
        bytes.extend(&plain[33..]);
        assert_eq!(smaller("a.png", &bytes), bytes);
    }
    assert!(smaller("a.png", &plain).len() < plain.len());
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

#[test]
fn every_picture_of_the_other_kinds_gets_smaller_or_stays() {
    for path in pictures() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let before = kept(&name);
        let after = smaller(&name, &before);
        assert!(
            after.len() < before.len(),
            "{name}: {} of {}",
            after.len(),
            before.len()
        );
        assert!(
            !holds(&after, b"camera describes") && !holds(&after, b"xmpmeta") && !holds(&after, b"said beside"),
            "{name}"
        );
        assert_eq!(smaller(&name, &after), after, "{name}: what is small stays");
    }
}

#[test]
fn a_picture_that_a_camera_held_sideways_stays_turned() {
    let (turned, straight) = (
        smaller("a.jpg", &kept("turned.jpg")),
        smaller("a.jpg", &kept("baseline.jpg")),
    );
    assert!(holds(
        &turned,
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"
    ));
    assert!(!holds(&straight, b"Exif"));
}

#[test]
fn a_jpeg_with_another_picture_behind_it_stays() {
    let mut bytes = kept("baseline.jpg");
    bytes.extend(kept("grey.jpg"));
    assert_eq!(smaller("a.jpg", &bytes), bytes);
}

#[test]
fn the_colour_profile_stays() {
    let bytes = kept("baseline.jpg");
    let profile = b"\xff\xe2\x00\x1aICC_PROFILE\0\x01\x01 a profile";
    let with_profile = [&bytes[..2], profile, &bytes[2..]].concat();
    assert!(holds(&smaller("a.jpg", &with_profile), profile));
}

#[test]
fn a_webp_file_of_nothing_but_its_picture_is_no_smaller_and_is_understood() {
    let whole = kept("lossy.webp");
    let at = whole.windows(4).position(|name| name == b"VP8 ").expect("a picture");
    let length = u32::from_le_bytes(whole[at + 4..at + 8].try_into().expect("four bytes"));
    let end = at + 8 + usize::try_from(length.next_multiple_of(2)).expect("small");
    let size = u32::try_from(4 + end - at).expect("small").to_le_bytes();
    let plain = [b"RIFF", &size[..], b"WEBP", &whole[at..end]].concat();
    let (copies, said) = run(&[("a.webp", &plain), ("b.webp", &plain[..40])]);
    assert_eq!(copies[0], plain);
    assert_eq!((&said["count"], &said["skipped"]), (&json!(2), &json!(["b.webp"])));
}

/// Whatever the bytes are, the step ends, and what it does not understand stays as it is.
#[test]
fn broken_pictures_stay_or_get_smaller_and_never_fail() {
    let mut pictures: Vec<(String, Vec<u8>)> = pictures()
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .map(|name| (name.clone(), kept(&name)))
        .collect();
    let colours = gradient(&[
        |x, _| u8::try_from(x).expect("small"),
        |_, y| u8::try_from(y).expect("small"),
        |_, _| 9,
    ]);
    pictures.push((
        "a.png".to_owned(),
        png_of(png::ColorType::Rgb, png::BitDepth::Eight, (50, 4), &colours[..600]),
    ));
    pictures.push(("a.svg".to_owned(), DRAWING.into()));
    for (name, bytes) in pictures {
        let step = (bytes.len() / 40).max(1);
        for at in (0..bytes.len()).step_by(step) {
            assert!(smaller(&name, &bytes[..at]).len() <= at, "{name} cut at {at}");
            for change in [0x00, 0xff, bytes[at] ^ 0x40] {
                let mut broken = bytes.clone();
                broken[at] = change;
                assert!(
                    smaller(&name, &broken).len() <= broken.len(),
                    "{name} with {change:#x} at {at}"
                );
            }
        }
    }
}

const DRAWING: &str = r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
     xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:xlink="http://www.w3.org/1999/xlink"
     width="100" height="100" viewBox="0 0 100 100" inkscape:version="1.4">
  <!--! Licensed to whoever asks. -->
  <title>A  cup</title>
  <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
  <sodipodi:namedview id="view"><inkscape:grid/></sodipodi:namedview>
  <style>
    .cup > path { fill: #112233 }
  </style>
  <g class="cup" inkscape:label="Layer 1" stroke="#AABBCC" fill="#aabbcd">
    <path id="body" d="M 10.50, 20.00 L 0.25 -0.75 A 5 5 0 0 1 10 10 Z" />
    <use xlink:href="#body" x = '4' />
  </g>
  <text x="1" y="2"> two  <tspan>spaces</tspan> <tspan>stay</tspan></text>
</svg>
"##;

#[test]
fn a_drawing_loses_what_its_program_wrote_for_itself_and_keeps_all_that_is_seen() {
    let after = String::from_utf8(smaller("a.svg", DRAWING.as_bytes())).expect("text");
    insta::assert_snapshot!(after, @r##"
    <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100" viewBox="0 0 100 100"><!--! Licensed to whoever asks. --><title>A  cup</title><style>
        .cup > path { fill: #112233 }
      </style><g class="cup" stroke="#ABC" fill="#aabbcd"><path id="body" d="M10.5 20L.25-.75A5 5 0 0 1 10 10Z"/><use xlink:href="#body" x="4"/></g><text x="1" y="2"> two  <tspan>spaces</tspan> <tspan>stay</tspan></text></svg>
    "##);
}

#[test]
fn drawings_that_need_a_whole_xml_reader_stay() {
    for drawing in [
        "<!DOCTYPE svg [<!ENTITY a \"b\">]>  <svg>  <text>&a;</text>  </svg>",
        "<!DOCTYPE svg PUBLIC \"x\" \"y\">  <svg>  <text>&nbsp;</text>  </svg>",
        "<?xml-stylesheet href=\"a.css\"?>  <svg>  </svg>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>  <svg>  </svg>",
        "<svg>  <g>  </svg>",
        "<svg a=b>  </svg>",
        "<svg  ",
    ] {
        assert_eq!(smaller("a.svg", drawing.as_bytes()), drawing.as_bytes(), "{drawing}");
    }
    let latin = b"<svg>  <!-- caf\xe9 -->  </svg>";
    assert_eq!(smaller("a.svg", latin), latin);
}

#[test]
fn the_copy_has_every_file_and_says_what_became_of_the_images() {
    let drawing = DRAWING.as_bytes();
    let (copies, said) = run(&[
        ("index.html", b"<!doctype html>  <!-- stays -->"),
        ("assets/cup-1.svg", drawing),
        ("assets/small-2.svg", b"<svg/>"),
        ("assets/index-3.js", b"// <svg>  </svg>"),
        ("assets/wrong-4.png", b"no picture"),
    ]);
    assert_eq!(copies[0], b"<!doctype html>  <!-- stays -->");
    assert_eq!(
        (&copies[2][..], &copies[3][..], &copies[4][..]),
        (&b"<svg/>"[..], &b"// <svg>  </svg>"[..], &b"no picture"[..])
    );
    let expected = json!({
        "count": 3,
        "before_bytes": drawing.len() + 6 + 10,
        "after_bytes": copies[1].len() + 6 + 10,
        "smaller": [{ "file": "assets/cup-1.svg", "before_bytes": drawing.len(), "after_bytes": copies[1].len() }],
        "skipped": ["assets/wrong-4.png"],
    });
    assert_eq!(said, expected);
}

#[test]
fn the_same_bundle_gives_the_same_copy() {
    let names: Vec<String> = pictures()
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), kept(name))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    assert_eq!(run(&files), run(&files));
}
