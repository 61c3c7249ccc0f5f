//! Time, natively and in a browser.

/// Milliseconds of the wall since some fixed moment.
#[cfg(not(target_arch = "wasm32"))]
pub fn now_ms() -> f64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1_000.0
}

/// Milliseconds of the wall since some fixed moment; to five microseconds where the page is isolated from others.
#[cfg(target_arch = "wasm32")]
pub fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// Does the same thing some times over and returns the shortest time, in milliseconds: what took longer was held up
/// by other programs.
pub fn shortest_ms<S>(times: usize, mut prepare: impl FnMut() -> S, mut work: impl FnMut(S)) -> f64 {
    let once = |_| {
        let prepared = prepare();
        let start = now_ms();
        work(prepared);
        now_ms() - start
    };
    (0..times).map(once).fold(f64::INFINITY, f64::min)
}
