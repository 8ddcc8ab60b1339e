// libFuzzer target of the card reader: any bytes give a card or a CardError, and a card survives being
// printed and read again. Built by clang with -DATTNBOUNDS_FUZZ=ON:
//     build/tests/fuzz_card -max_total_time=300 examples/cards
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proofs_check/card/language.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string printed = attnbounds::card_text(attnbounds::card_from_text(text, "fuzz"));
    if (attnbounds::card_text(attnbounds::card_from_text(printed, "fuzz")) != printed) std::abort();
  } catch (const attnbounds::CardError&) {
  }
  return 0;
}
