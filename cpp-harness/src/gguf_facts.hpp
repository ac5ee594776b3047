// What the header of a GGUF file says, without loading the model.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace harness {

struct gguf_facts {
    std::string architecture;
    uint32_t context = 0;
    uint32_t vocabulary_size = 0;
    std::map<std::string, uint32_t> tensor_type_counts;
};

// Throws a failure with exit_code::bad_input when the file is no sound GGUF file.
gguf_facts read_gguf_facts(const std::string & path);

}  // namespace harness
