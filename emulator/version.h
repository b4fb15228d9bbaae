/* The one place that says which emulator this is; records of runs may name it. */
#ifndef VERSION_H
#define VERSION_H

#define AMXEMU_VERSION "1.0.0"

#endif
