//! The byte order of the machines that the other tests do not run on.

#[test]
fn the_bytes_of_each_element_are_reversed() {
    let mut bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    super::swap(&mut bytes, 4);
    assert_eq!(bytes, [4, 3, 2, 1, 8, 7, 6, 5]);
    super::swap(&mut bytes, 1);
    assert_eq!(bytes, [4, 3, 2, 1, 8, 7, 6, 5]);
}
