;; The two inner loops of the codec. Compiled by `node wasm/build.mjs` into src/wasm.generated.ts.
;; JavaScript copies a strip of pixels to address 0, calls, and copies the result out from 0x4080. The other addresses
;; stand here and in src/pair-encoder.ts and src/plane-decoder.ts.
(module
  (import "" "" (memory 1))

  ;; Labels 0 … end − 1 → colours, 8 labels a turn (the count is rounded up; both buffers have that slack). No branch on what
  ;; the labels are: one for runs of equal labels cost more in wrong guesses at borders than it saved inside regions.
  ;;   0x15000  pairs: 65,536 × 8 bytes, the bytes of two neighbouring pixels, looked up by their two labels at once
  ;;   step     bytes of two pixels: 6 (RGB; a store's last two bytes are overwritten by the next) or 8 (RGBA)
  ;; Returns the AND of all pairs used: their marker bits are 1 only if every label had a colour.
  (func (export "encode") (param $end i32) (param $step i32) (result i64)
    (local $src i32) (local $dst i32) (local $c i64) (local $all i64)
    (local.set $dst (i32.const 0x4080))
    (local.set $all (i64.const -1))
    (loop $turn
      (i64.store (local.get $dst)
        (local.tee $c (i64.load offset=0x15000 (i32.shl (i32.load16_u offset=0 (local.get $src)) (i32.const 3)))))
      (local.set $all (i64.and (local.get $all) (local.get $c)))
      (local.set $dst (i32.add (local.get $dst) (local.get $step)))
      (i64.store (local.get $dst)
        (local.tee $c (i64.load offset=0x15000 (i32.shl (i32.load16_u offset=2 (local.get $src)) (i32.const 3)))))
      (local.set $all (i64.and (local.get $all) (local.get $c)))
      (local.set $dst (i32.add (local.get $dst) (local.get $step)))
      (i64.store (local.get $dst)
        (local.tee $c (i64.load offset=0x15000 (i32.shl (i32.load16_u offset=4 (local.get $src)) (i32.const 3)))))
      (local.set $all (i64.and (local.get $all) (local.get $c)))
      (local.set $dst (i32.add (local.get $dst) (local.get $step)))
      (i64.store (local.get $dst)
        (local.tee $c (i64.load offset=0x15000 (i32.shl (i32.load16_u offset=6 (local.get $src)) (i32.const 3)))))
      (local.set $all (i64.and (local.get $all) (local.get $c)))
      (local.set $dst (i32.add (local.get $dst) (local.get $step)))
      (br_if $turn (i32.lt_u (local.tee $src (i32.add (local.get $src) (i32.const 8))) (local.get $end))))
    (local.get $all))

  ;; Colours → labels, 4 pixels a turn, from the one whose label goes to `dst` up to `end`.
  ;;   0x5080   labels of the colours
  ;;   0x5180   colours: r g b 0
  ;;   0x5580   pattern: 16 bytes, spreads 4 pixels to r g b 0, whether they come as RGB or RGBA
  ;;   0x5590   the four pixels of a turn: 16 bytes of cells' addresses, 16 of r g b 0
  ;;   0x6000   classes: 2 bytes a plane, the labels on its sides + and −
  ;;   0x16000  planes: 4 × i16 each, n·r n·g n·b t; the sign of n·(x − 128) + t says which of two classes is nearer
  ;;   0x56000  cells: 64³ × u16, a plane's number; or 0x8000 + a list's number; or 0xffff: not built yet
  ;;   0xd6000  addresses of lists; a list: count, then colour numbers in ascending order, u16 each
  ;; Returns the address after the last label written: short of `end` if a cell is not built.
  (func (export "decode") (param $dst i32) (param $end i32) (param $channels i32) (result i32)
    (local $src i32) (local $i i32) (local $side i32) (local $entry i32) (local $e0 i32) (local $e1 i32) (local $e2 i32) (local $e3 i32)
    (local $rgb v128) (local $cell v128) (local $x v128) (local $low v128)
    (local $list i32) (local $last i32) (local $k i32) (local $sum i32) (local $best i32)
    (local.set $src (i32.mul (i32.sub (local.get $dst) (i32.const 0x4080)) (local.get $channels)))
    (block $done
      (loop $turn
        (local.set $rgb (i8x16.swizzle (v128.load (local.get $src)) (v128.load offset=0x5580 (i32.const 0))))
        ;; cell = (r >> 2) << 12 | (g >> 2) << 6 | b >> 2, doubled for the byte address
        (local.set $cell
          (v128.or
            (v128.or
              (i32x4.shl (v128.and (local.get $rgb) (i32x4.splat (i32.const 0xfc))) (i32.const 11))
              (i32x4.shr_u (v128.and (local.get $rgb) (i32x4.splat (i32.const 0xfc00))) (i32.const 3)))
            (i32x4.shl (i32x4.shr_u (local.get $rgb) (i32.const 18)) (i32.const 1))))
        (local.set $e0 (i32.load16_u offset=0x56000 (i32x4.extract_lane 0 (local.get $cell))))
        (local.set $e1 (i32.load16_u offset=0x56000 (i32x4.extract_lane 1 (local.get $cell))))
        (local.set $e2 (i32.load16_u offset=0x56000 (i32x4.extract_lane 2 (local.get $cell))))
        (local.set $e3 (i32.load16_u offset=0x56000 (i32x4.extract_lane 3 (local.get $cell))))
        ;; x − 128 as signed bytes, 1 in the fourth place for the constant t; a list's number reads a plane that does not matter
        (local.set $x (v128.xor (local.get $rgb) (i32x4.splat (i32.const 0x01808080))))
        (local.set $low (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $x))
          (v128.load64_lane offset=0x16000 1 (i32.shl (local.get $e1) (i32.const 3))
            (v128.load64_zero offset=0x16000 (i32.shl (local.get $e0) (i32.const 3))))))
        (local.set $x (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $x))
          (v128.load64_lane offset=0x16000 1 (i32.shl (local.get $e3) (i32.const 3))
            (v128.load64_zero offset=0x16000 (i32.shl (local.get $e2) (i32.const 3))))))
        (local.set $side (i32x4.bitmask (i32x4.add
          (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $low) (local.get $x))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $low) (local.get $x)))))
        (i32.store8 (local.get $dst) (i32.load8_u offset=0x6000
          (i32.or (i32.shl (local.get $e0) (i32.const 1)) (i32.and (local.get $side) (i32.const 1)))))
        (i32.store8 offset=1 (local.get $dst) (i32.load8_u offset=0x6000
          (i32.or (i32.shl (local.get $e1) (i32.const 1)) (i32.and (i32.shr_u (local.get $side) (i32.const 1)) (i32.const 1)))))
        (i32.store8 offset=2 (local.get $dst) (i32.load8_u offset=0x6000
          (i32.or (i32.shl (local.get $e2) (i32.const 1)) (i32.and (i32.shr_u (local.get $side) (i32.const 2)) (i32.const 1)))))
        (i32.store8 offset=3 (local.get $dst) (i32.load8_u offset=0x6000
          (i32.or (i32.shl (local.get $e3) (i32.const 1)) (i32.shr_u (local.get $side) (i32.const 3)))))
        (if (i32.ge_u (i32.or (i32.or (local.get $e0) (local.get $e1)) (i32.or (local.get $e2) (local.get $e3))) (i32.const 0x8000))
          (then ;; some cell has more than two candidates: its pixels once more, by their lists
            (v128.store offset=0x5590 (i32.const 0) (local.get $cell))
            (v128.store offset=0x55a0 (i32.const 0) (local.get $rgb))
            (loop $pixel
              (local.set $i (i32.shl (i32.and (local.get $dst) (i32.const 3)) (i32.const 2)))
              (local.set $entry (i32.load16_u offset=0x56000 (i32.load offset=0x5590 (local.get $i))))
              (br_if $done (i32.eq (local.get $entry) (i32.const 0xffff)))
              (if (i32.ge_u (local.get $entry) (i32.const 0x8000))
                (then
                  (local.set $list (i32.load offset=0xb6000 (i32.shl (local.get $entry) (i32.const 2)))) ;; 0xd6000 − 4 × 0x8000
                  (local.set $last (i32.add (local.get $list) (i32.shl (i32.load16_u (local.get $list)) (i32.const 1))))
                  (local.set $x (i16x8.extend_low_i8x16_u (v128.load32_zero offset=0x55a0 (local.get $i))))
                  (local.set $best (i32.const -1))
                  (loop $each
                    (local.set $k (i32.load16_u offset=2 (local.get $list)))
                    (local.set $low (i16x8.sub (local.get $x)
                      (i16x8.extend_low_i8x16_u (v128.load32_zero offset=0x5180 (i32.shl (local.get $k) (i32.const 2))))))
                    (local.set $low (i32x4.dot_i16x8_s (local.get $low) (local.get $low)))
                    (local.set $sum (i32.add (i32x4.extract_lane 0 (local.get $low)) (i32x4.extract_lane 1 (local.get $low))))
                    (if (i32.lt_u (local.get $sum) (local.get $best)) ;; strictly: the lower class keeps a tie
                      (then
                        (local.set $best (local.get $sum))
                        (i32.store8 (local.get $dst) (i32.load8_u offset=0x5080 (local.get $k)))))
                    (br_if $each (i32.lt_u (local.tee $list (i32.add (local.get $list) (i32.const 2))) (local.get $last))))))
              (br_if $pixel (i32.and (local.tee $dst (i32.add (local.get $dst) (i32.const 1))) (i32.const 3))))
            (local.set $dst (i32.sub (local.get $dst) (i32.const 4)))))
        (local.set $src (i32.add (local.get $src) (i32.shl (local.get $channels) (i32.const 2))))
        (br_if $turn (i32.lt_u (local.tee $dst (i32.add (local.get $dst) (i32.const 4))) (local.get $end)))))
    (i32.and (local.get $dst) (i32.const -4)))
)
