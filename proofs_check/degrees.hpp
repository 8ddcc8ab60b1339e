// Least degrees on a finer grid than the claims', for the plot of degree against X.
#pragma once

#include "polynomial/polynomial.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

struct DegreePoint {
  Rational half_width, epsilon;
  ErrorKind kind;
};
std::vector<DegreePoint> degree_points();

/// The line {"half_width", "epsilon", "error_kind", "degree", "theory"} of a point, and its certificate.
struct PlottedDegree {
  Json line, certificate;
};
PlottedDegree plotted_degree(const DegreePoint& point);

/// The name of a point in certificates.jsonl, such as "relative 4 0.001".
std::string degree_name(const Json& line);

}  // namespace attnbounds
