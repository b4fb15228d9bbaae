/* Linked with the plugin, whose constructor runs before main(). */
#include <stdio.h>

int plugin_saw_tiles(void);

int main(void) {
    puts(plugin_saw_tiles() ? "it saw tiles" : "it saw no tiles");
    return 0;
}
