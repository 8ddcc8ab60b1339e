// Checks a card. Its conclusion becomes a claim (proofs_check/claim.hpp) and goes through the same machinery
// as the catalogue's: enclosures at rising precision, exact comparison over the rationals, shrinking, a false
// twin. Before that come the instances: all of them if they are few integers; else drawn ones, from the worst
// of which an adversarial search goes on (coordinate moves, kept when the ratio left/right does not fall,
// from several starts with a random stream each). The twin is found too: the largest short factor on the
// right side at which the machinery refutes the card's conclusion on these instances. Cost: instances +
// searched evaluations of both sides at 64 to 256 bits.
#pragma once

#include <filesystem>

#include "proofs_check/card/instance.hpp"
#include "proofs_check/run.hpp"

namespace attnbounds {

enum class Coverage { every_instance, drawn_instances };

struct CardResult {
  std::shared_ptr<const Card> card;
  Claim claim;
  ClaimResult result;
  Coverage coverage = Coverage::drawn_instances;
  std::size_t searched = 0;       // evaluations of the adversarial search
  std::size_t not_found = 0;      // draws without an instance that satisfies the hypotheses
  std::optional<Interval> slack;  // encloses right - left where that is smallest
  std::optional<RightSide> twin;  // left <= factor * right + shift is refuted
};

/// Errors: InputError; CardError.
Card card_of_file(const std::filesystem::path& file);
/// card/ and the name of the file without its ending.
std::string card_id(const std::filesystem::path& file);

/// Errors: CardError, where an expression has no value on an instance that satisfies the hypotheses.
CardResult check_card(Card card, const std::string& id, const RunSettings& settings,
                      const InstanceProgress& progress = {});

/// The entry of `verify --json`, with what is particular to cards.
Json card_entry(const CardResult& result);

}  // namespace attnbounds
