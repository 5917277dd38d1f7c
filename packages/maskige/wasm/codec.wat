;; The two inner loops of the codec. Compiled by `node wasm/build.mjs` into src/wasm.generated.ts.
;; JavaScript copies a strip of pixels in, calls, and copies the result out; every address is chosen there.
(module
  (import "codec" "memory" (memory 1))

  ;; Labels → colours, 16 labels a turn (count is rounded up; both buffers have that slack).
  ;;   pairs     65,536 × 8 bytes: the bytes of two neighbouring pixels, looked up by their two labels at once
  ;;   patterns  4 × 16 bytes: which byte of a colour stands where in a run of 16 equal labels
  ;;   bytes     3 (RGB) or 4 (RGBA)
  ;; Returns the AND of all pairs used: their marker bits are 1 only if every label had a colour.
  (func (export "encode")
    (param $src i32) (param $dst i32) (param $end i32) (param $pairs i32) (param $patterns i32) (param $bytes i32)
    (result i64)
    (local $v v128) (local $w i64) (local $c i64) (local $all i64) (local $i i32) (local $two i32)
    (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128)
    (local.set $p0 (v128.load (local.get $patterns)))
    (local.set $p1 (v128.load offset=16 (local.get $patterns)))
    (local.set $p2 (v128.load offset=32 (local.get $patterns)))
    (local.set $p3 (v128.load offset=48 (local.get $patterns)))
    (local.set $two (i32.shl (local.get $bytes) (i32.const 1)))
    (local.set $all (i64.const -1))
    (loop $turn
      (local.set $v (v128.load (local.get $src)))
      (if (i8x16.all_true (i8x16.eq (local.get $v)
            (i8x16.shuffle 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 (local.get $v) (local.get $v))))
        (then ;; inside a region: one look-up for 16 pixels
          (local.set $c (i64.load (i32.add (local.get $pairs)
            (i32.shl (i32.load16_u (local.get $src)) (i32.const 3)))))
          (local.set $all (i64.and (local.get $all) (local.get $c)))
          (local.set $v (i64x2.splat (local.get $c)))
          (v128.store (local.get $dst) (i8x16.swizzle (local.get $v) (local.get $p0)))
          (v128.store offset=16 (local.get $dst) (i8x16.swizzle (local.get $v) (local.get $p1)))
          (v128.store offset=32 (local.get $dst) (i8x16.swizzle (local.get $v) (local.get $p2)))
          (v128.store offset=48 (local.get $dst) (i8x16.swizzle (local.get $v) (local.get $p3)))
          (local.set $dst (i32.add (local.get $dst) (i32.shl (local.get $bytes) (i32.const 4)))))
        (else ;; at a border: two pixels a look-up; in RGB each store's last two bytes are overwritten by the next
          (local.set $i (i32.const 0))
          (loop $eight
            (local.set $w (i64.load (i32.add (local.get $src) (local.get $i))))
            (local.set $c (i64.load (i32.add (local.get $pairs)
              (i32.shl (i32.and (i32.wrap_i64 (local.get $w)) (i32.const 0xffff)) (i32.const 3)))))
            (local.set $all (i64.and (local.get $all) (local.get $c)))
            (i64.store (local.get $dst) (local.get $c))
            (local.set $dst (i32.add (local.get $dst) (local.get $two)))
            (local.set $c (i64.load (i32.add (local.get $pairs)
              (i32.shl (i32.and (i32.wrap_i64 (i64.shr_u (local.get $w) (i64.const 16))) (i32.const 0xffff)) (i32.const 3)))))
            (local.set $all (i64.and (local.get $all) (local.get $c)))
            (i64.store (local.get $dst) (local.get $c))
            (local.set $dst (i32.add (local.get $dst) (local.get $two)))
            (local.set $c (i64.load (i32.add (local.get $pairs)
              (i32.shl (i32.and (i32.wrap_i64 (i64.shr_u (local.get $w) (i64.const 32))) (i32.const 0xffff)) (i32.const 3)))))
            (local.set $all (i64.and (local.get $all) (local.get $c)))
            (i64.store (local.get $dst) (local.get $c))
            (local.set $dst (i32.add (local.get $dst) (local.get $two)))
            (local.set $c (i64.load (i32.add (local.get $pairs)
              (i32.shl (i32.wrap_i64 (i64.shr_u (local.get $w) (i64.const 48))) (i32.const 3)))))
            (local.set $all (i64.and (local.get $all) (local.get $c)))
            (i64.store (local.get $dst) (local.get $c))
            (local.set $dst (i32.add (local.get $dst) (local.get $two)))
            (br_if $eight (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 16))))))
      (local.set $src (i32.add (local.get $src) (i32.const 16)))
      (br_if $turn (i32.lt_u (local.get $src) (local.get $end))))
    (local.get $all))

  ;; Nearest of the colours of a list: count, then colour numbers in ascending order (strict < keeps the lower on a tie).
  (func $nearest (param $list i32) (param $rgb i32) (param $colors i32) (result i32)
    (local $end i32) (local $best i32) (local $class i32) (local $k i32) (local $d i32) (local $sum i32)
    (local.set $best (i32.const 0x7fffffff))
    (local.set $end (i32.add (i32.add (local.get $list) (i32.const 2)) (i32.shl (i32.load16_u (local.get $list)) (i32.const 1))))
    (local.set $list (i32.add (local.get $list) (i32.const 2)))
    (loop $each
      (local.set $k (i32.add (local.get $colors) (i32.shl (i32.load16_u (local.get $list)) (i32.const 2))))
      (local.set $d (i32.sub (i32.load8_u (local.get $k)) (i32.and (local.get $rgb) (i32.const 255))))
      (local.set $sum (i32.mul (local.get $d) (local.get $d)))
      (local.set $d (i32.sub (i32.load8_u offset=1 (local.get $k))
        (i32.and (i32.shr_u (local.get $rgb) (i32.const 8)) (i32.const 255))))
      (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $d) (local.get $d))))
      (local.set $d (i32.sub (i32.load8_u offset=2 (local.get $k))
        (i32.and (i32.shr_u (local.get $rgb) (i32.const 16)) (i32.const 255))))
      (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $d) (local.get $d))))
      (if (i32.lt_u (local.get $sum) (local.get $best))
        (then
          (local.set $best (local.get $sum))
          (local.set $class (i32.load8_u offset=3 (local.get $k)))))
      (br_if $each (i32.lt_u (local.tee $list (i32.add (local.get $list) (i32.const 2))) (local.get $end))))
    (local.get $class))

  ;; One pixel of a turn in which some cell is not settled by a plane.
  (func $pixel (param $dst i32) (param $entry i32) (param $rgb i32) (param $bit i32) (param $classes i32)
    (param $colors i32) (param $lists i32)
    (i32.store8 (local.get $dst)
      (if (result i32) (i32.and (local.get $entry) (i32.const 0x8000))
        (then (call $nearest
          (i32.add (local.get $lists) (i32.load (i32.add (local.get $lists)
            (i32.shl (i32.and (local.get $entry) (i32.const 0x7fff)) (i32.const 2)))))
          (local.get $rgb) (local.get $colors)))
        (else (i32.load8_u (i32.add (local.get $classes)
          (i32.add (i32.shl (local.get $entry) (i32.const 1)) (local.get $bit))))))))

  ;; Colours → labels, 4 pixels a turn.
  ;;   pattern  16 bytes: spreads 4 pixels to r g b 0, whether they come as RGB or RGBA;  step  12 or 16 bytes
  ;;   cells    64³ × u16: a plane's number; or 0x8000 + a list's number; or 0xffff: not built yet
  ;;   planes   8 bytes each, i16 n·r n·g n·b t: sign of n·(x − 128) + t says which of two classes
  ;;   classes  2 bytes a plane: labels for + and −
  ;; Returns the address after the last label written: short of `end` if a cell is not built.
  (func (export "decode")
    (param $src i32) (param $dst i32) (param $end i32) (param $pattern i32) (param $step i32)
    (param $cells i32) (param $planes i32) (param $classes i32) (param $colors i32) (param $lists i32)
    (result i32)
    (local $spread v128) (local $rgb v128) (local $cell v128) (local $x v128) (local $low v128) (local $high v128) (local $sums v128) (local $side i32)
    (local $e0 i32) (local $e1 i32) (local $e2 i32) (local $e3 i32)
    (local.set $spread (v128.load (local.get $pattern)))
    (block $done
      (loop $turn
        (local.set $rgb (i8x16.swizzle (v128.load (local.get $src)) (local.get $spread)))
        ;; cell = (r >> 2) << 12 | (g >> 2) << 6 | b >> 2, doubled for the byte address
        (local.set $cell
          (v128.or
            (v128.or
              (i32x4.shl (v128.and (local.get $rgb) (v128.const i32x4 0xfc 0xfc 0xfc 0xfc)) (i32.const 11))
              (i32x4.shr_u (v128.and (local.get $rgb) (v128.const i32x4 0xfc00 0xfc00 0xfc00 0xfc00)) (i32.const 3)))
            (i32x4.shr_u (v128.and (local.get $rgb) (v128.const i32x4 0xfc0000 0xfc0000 0xfc0000 0xfc0000)) (i32.const 17))))
        (local.set $e0 (i32.load16_u (i32.add (local.get $cells) (i32x4.extract_lane 0 (local.get $cell)))))
        (local.set $e1 (i32.load16_u (i32.add (local.get $cells) (i32x4.extract_lane 1 (local.get $cell)))))
        (local.set $e2 (i32.load16_u (i32.add (local.get $cells) (i32x4.extract_lane 2 (local.get $cell)))))
        (local.set $e3 (i32.load16_u (i32.add (local.get $cells) (i32x4.extract_lane 3 (local.get $cell)))))
        (br_if $done (i32.or
          (i32.or (i32.eq (local.get $e0) (i32.const 0xffff)) (i32.eq (local.get $e1) (i32.const 0xffff)))
          (i32.or (i32.eq (local.get $e2) (i32.const 0xffff)) (i32.eq (local.get $e3) (i32.const 0xffff)))))
        ;; x − 128 as signed bytes, 1 in the fourth place for the constant t
        (local.set $x (v128.or
          (v128.xor (local.get $rgb) (v128.const i32x4 0x00808080 0x00808080 0x00808080 0x00808080))
          (v128.const i32x4 0x01000000 0x01000000 0x01000000 0x01000000)))
        ;; a list's number reads a plane that does not matter
        (local.set $low (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $x))
          (v128.load64_lane 1 (i32.add (local.get $planes) (i32.shl (local.get $e1) (i32.const 3)))
            (v128.load64_zero (i32.add (local.get $planes) (i32.shl (local.get $e0) (i32.const 3)))))))
        (local.set $high (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $x))
          (v128.load64_lane 1 (i32.add (local.get $planes) (i32.shl (local.get $e3) (i32.const 3)))
            (v128.load64_zero (i32.add (local.get $planes) (i32.shl (local.get $e2) (i32.const 3)))))))
        (local.set $sums (i32x4.add
          (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $low) (local.get $high))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $low) (local.get $high))))
        (local.set $side (i32x4.bitmask (local.get $sums)))
        (if (i32.and (i32.or (i32.or (local.get $e0) (local.get $e1)) (i32.or (local.get $e2) (local.get $e3))) (i32.const 0x8000))
          (then
            (call $pixel (local.get $dst) (local.get $e0) (i32x4.extract_lane 0 (local.get $rgb))
              (i32.and (local.get $side) (i32.const 1)) (local.get $classes) (local.get $colors) (local.get $lists))
            (call $pixel (i32.add (local.get $dst) (i32.const 1)) (local.get $e1) (i32x4.extract_lane 1 (local.get $rgb))
              (i32.and (i32.shr_u (local.get $side) (i32.const 1)) (i32.const 1)) (local.get $classes) (local.get $colors) (local.get $lists))
            (call $pixel (i32.add (local.get $dst) (i32.const 2)) (local.get $e2) (i32x4.extract_lane 2 (local.get $rgb))
              (i32.and (i32.shr_u (local.get $side) (i32.const 2)) (i32.const 1)) (local.get $classes) (local.get $colors) (local.get $lists))
            (call $pixel (i32.add (local.get $dst) (i32.const 3)) (local.get $e3) (i32x4.extract_lane 3 (local.get $rgb))
              (i32.shr_u (local.get $side) (i32.const 3)) (local.get $classes) (local.get $colors) (local.get $lists)))
          (else
            (i32.store8 (local.get $dst) (i32.load8_u (i32.add (local.get $classes)
              (i32.add (i32.shl (local.get $e0) (i32.const 1)) (i32.and (local.get $side) (i32.const 1))))))
            (i32.store8 offset=1 (local.get $dst) (i32.load8_u (i32.add (local.get $classes)
              (i32.add (i32.shl (local.get $e1) (i32.const 1)) (i32.and (i32.shr_u (local.get $side) (i32.const 1)) (i32.const 1))))))
            (i32.store8 offset=2 (local.get $dst) (i32.load8_u (i32.add (local.get $classes)
              (i32.add (i32.shl (local.get $e2) (i32.const 1)) (i32.and (i32.shr_u (local.get $side) (i32.const 2)) (i32.const 1))))))
            (i32.store8 offset=3 (local.get $dst) (i32.load8_u (i32.add (local.get $classes)
              (i32.add (i32.shl (local.get $e3) (i32.const 1)) (i32.shr_u (local.get $side) (i32.const 3))))))))
        (local.set $src (i32.add (local.get $src) (local.get $step)))
        (br_if $turn (i32.lt_u (local.tee $dst (i32.add (local.get $dst) (i32.const 4))) (local.get $end)))))
    (local.get $dst))
)
