// The proof that a certificate stands for: the least degree whose best error is at most epsilon is g.
#pragma once

#include "certificate.hpp"

namespace checker {

/// The certificate is well formed, but does not prove its claim: the first step that fails.
struct Rejected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was proved, as decimals rounded outwards. Empty text: the certificate says nothing of that end.
struct Proved {
  std::string error_lower, error_upper;              // best error at the degree
  std::string error_below_lower, error_below_upper;  // best error at one degree less
  long bits = 0;                                     // working precision that sufficed
};

/// Errors: Rejected.
Proved prove(const Certificate& certificate);

}  // namespace checker
