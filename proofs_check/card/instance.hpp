// Instances of a card: drawn (random, structured, at the ends of the ranges, near the hypotheses' threshold),
// moved by a search, and shrunk. Every instance here lies in the card's ranges; the hypotheses are decided.
#pragma once

#include <memory>
#include <optional>

#include "proofs_check/card/evaluate.hpp"
#include "proofs_check/claim.hpp"

namespace attnbounds {

struct CardCase {
  std::shared_ptr<const Card> card;
  CardInstance instance;
};

/// The values by name, as p/q, and under "LaTeX" the instance to paste into a paper.
Json describe(const CardCase& c);
std::string latex_of(const Card& card, const CardInstance& instance);

/// Simpler instances: smaller integers (rows and columns dropped), shorter rationals, shorter entries.
std::vector<CardCase> smaller(const CardCase& c);

/// The hypothesis is shown to hold; what cannot be shown within 512 bits counts as broken.
bool holds(const Statement& hypothesis, const CardCase& c);
bool satisfies_hypotheses(const CardCase& c);

/// Sides of the conclusion, the right one replaced by factor * right + shift.
struct RightSide {
  Rational factor = 1, shift = 0;
};
Compared compare(const CardCase& c, const RightSide& changed, PrecisionLadder ladder);

/// An instance that satisfies the hypotheses; the first indices are the corners of the ranges, every fourth
/// one is pushed against a hypothesis. None, if 40 attempts do not find one.
std::optional<CardCase> draw_case(const std::shared_ptr<const Card>& card, Draw& draw);

/// Every instance, when all that is given are integers and there are at most `most` combinations.
std::optional<std::vector<CardCase>> all_cases(const std::shared_ptr<const Card>& card, std::size_t most);

/// A random change of one given. The hypotheses may break.
CardCase moved(const CardCase& c, Stream& stream);

}  // namespace attnbounds
