// What an evaluation runs with, and what this build is: repeated in every answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.hpp"

namespace harness {

struct settings {
    uint32_t threads = 1;
    uint32_t context = 0;  // 0: the model's own
    uint32_t micro_batch = 512;
    bool kv_f32 = false;
    bool flash_attention = false;
    std::optional<bool> repack;  // none where the library cannot be asked
};

settings default_settings();

// The names of the SIMD sets that the library was compiled for, in lower case, sorted.
std::vector<std::string> cpu_features();

// The objects `build` and `settings` of the protocol.
json build_object();
json settings_object(const settings & values);

}  // namespace harness
