#pragma once

/// Independent fused multiply-adds on registers alone, compiled for this processor: `count` vectors of
/// doubles. Returns a number that depends on all of them.
double fused_multiply_adds(long count);
/// Doubles of one such vector.
long doubles_of_a_vector();
