// kernel_apply on CUDA, forward and backward. Its meaning is that of reference.py:
//
//     out[c, p] = channel[c, p] * sum_k spatial[k, p] * source[c, p + k]
//
// All tensors are contiguous, (N, planes, H, W). Sums are float. Offsets are 64-bit: 16384 x 8192 pixels have 2^31.7 weights.

#include "deband.cuh"
#include "marching_backward.cuh"
#include "staged_backward.cuh"
#include "staged_forward.cuh"
#include "view.cuh"

// What the network runs in half precision. With fewer weights on their way at once, six blocks share a processor.
template <typename T, int K, int C> constexpr bool PACKED = sizeof(T) == 2 && K == 5 && C == 3;

#define FORWARD(NAME, T, K)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? 3 : 5)                                                     \
        forward_##NAME##_##K(const T* source, const T* spatial, const T* channel, T* out, const Shape s) {                        \
        forward<T, K, 8 / sizeof(T)>(source, spatial, channel, out, s);                                                           \
    }

#define STAGED_FORWARD(NAME, T, K, C)                                                                                             \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? (C == 1 ? 2 : 3) : PACKED<T, K, C> ? 6 : 5)                \
        staged_forward_##NAME##_##K##_##C(const T* source, const T* spatial, const T* channel, T* out, const Shape s) {           \
        constexpr int UNROLL = PACKED<T, K, C> ? 1 : 2, LATE = PACKED<T, K, C> ? 3 : 1;                                           \
        staged_forward<T, K, 8 / sizeof(T), C, ROWS, UNROLL, LATE>(source, spatial, channel, out, s);                             \
    }

#define BACKWARD(NAME, T, K)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? 2 : 4)                                                     \
        backward_##NAME##_##K(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,                 \
                              T* grad_spatial, T* grad_channel, const Shape s) {                                                  \
        backward<T, K, 1, 8>(grad, source, spatial, channel, grad_source, grad_spatial, grad_channel, s);                         \
    }

#define STAGED_BACKWARD(NAME, T, K, LARGER)                                                                                       \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? 2 : 4)                                                     \
        staged_backward_##NAME##_##K##_##LARGER(const T* grad, const T* source, const T* spatial, const T* channel,               \
                                                T* grad_source, T* grad_spatial, T* grad_channel, const Shape s) {                \
        staged_backward<T, K, 8 / sizeof(T), 3, ROWS, LARGER>(grad, source, spatial, channel, grad_source, grad_spatial, grad_channel, s); \
    }

#define MARCHING_BACKWARD(NAME, T, K)                                                                                             \
    extern "C" __global__ void __launch_bounds__(LANES, K == 5 ? 8 : 12)                                                          \
        marching_backward_##NAME##_##K(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,        \
                                       T* grad_spatial, T* grad_channel, const Shape s, const Strips strips) {                    \
        marching_backward<T, K, 8 / sizeof(T)>(grad, source, spatial, channel, grad_source, grad_spatial, grad_channel, s, strips); \
    }

#define SIZE(NAME, T, K)                                                                                                          \
    FORWARD(NAME, T, K) STAGED_FORWARD(NAME, T, K, 3) STAGED_FORWARD(NAME, T, K, 1)                                               \
    BACKWARD(NAME, T, K) STAGED_BACKWARD(NAME, T, K, 0) STAGED_BACKWARD(NAME, T, K, 1)
#define TYPE(NAME, T) SIZE(NAME, T, 1) SIZE(NAME, T, 3) SIZE(NAME, T, 5) SIZE(NAME, T, 7)

#define MARCHING(NAME, T) MARCHING_BACKWARD(NAME, T, 3) MARCHING_BACKWARD(NAME, T, 5)

MARCHING(float16, __half)
MARCHING(bfloat16, __nv_bfloat16)
MARCHING(float32, float)
TYPE(float16, __half)
TYPE(bfloat16, __nv_bfloat16)
TYPE(float32, float)
